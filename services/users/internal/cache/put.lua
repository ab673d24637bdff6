-- Keeps the newer of what is there and what came, and tells the region of a change.
-- KEYS[1]: the key; ARGV: version, entry, milliseconds, channel ("" tells nobody).
local held = redis.call('GET', KEYS[1])
if held and tonumber(string.match(held, '^%d+') or '0') > tonumber(ARGV[1]) then
  return 0
end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
if ARGV[4] ~= '' then
  redis.call('PUBLISH', ARGV[4], KEYS[1] .. ' ' .. ARGV[2])
end
return 1
