package main

import (
	"bytes"
	"log"
	"os"
	"slices"
	"time"
)

const (
	// openFiles is how many files of one container are kept open: what the runtime has removed stays on the disk
	// until it is closed.
	openFiles = 5
	// maxText is the longest line that is joined from parts; what follows becomes a line of its own.
	maxText = 1 << 20
	// partPatience is how long the next part of a line may take, which the runtime writes at once.
	partPatience = 10 * time.Second
)

// container is a log that is being read.
type container struct {
	id    string
	who   identity
	whose belonging
	// gone is true when the runtime has removed it: it is read to its end and forgotten.
	gone bool
	// files are those with something unread, the oldest first; the last one is being written.
	files []*logFile
	// parts are lines that have begun, by stream.
	parts map[string]*part
	// before is where an earlier process stopped reading; begun is where lines began that it had not finished.
	before place
	begun  map[string]place
	// ended is where reading of the file before stopped.
	ended *position
	// changed is true when the position is another one than that of the last batch.
	changed bool
	// atEnd is true when the last read came to the end of what had been written.
	atEnd bool
}

type part struct {
	text  []byte
	time  string
	from  position
	heard time.Time
}

// found is a whole line of a container.
type found struct {
	identity
	entry
}

func newContainer(id string) *container {
	return &container{id: id, parts: map[string]*part{}}
}

// refresh opens the files that have appeared since.
func (c *container) refresh(root string, dropped *metrics) {
	paths := logPaths(root, c.id)
	if len(paths) == 0 {
		return
	}
	var newest *logFile
	if len(c.files) > 0 {
		newest = c.files[len(c.files)-1]
		current, err := os.Stat(paths[0])
		if err != nil {
			return
		}
		if inodeOf(current) == newest.inode {
			if current.Size() < newest.offset {
				log.Printf("%s was cut from %d to %d bytes: it is read again from its beginning", paths[0], newest.offset, current.Size())
				newest.offset, c.changed = 0, true
				if c.before.file == newest.number {
					c.before, c.begun = place{}, nil
				}
				clear(c.parts)
			}
			return
		}
	}
	// The newest first: a rotation meanwhile shows one twice instead of hiding one.
	var fresh []*logFile
	for _, path := range paths {
		file, err := openLog(path)
		if err != nil {
			continue
		}
		if newest != nil && file.inode == newest.inode {
			_ = file.Close()
			break
		}
		if slices.ContainsFunc(fresh, func(other *logFile) bool { return other.inode == file.inode }) {
			_ = file.Close()
			continue
		}
		fresh = append(fresh, file)
	}
	slices.Reverse(fresh)
	for _, file := range fresh {
		if len(c.files) > 0 {
			file.number = c.files[len(c.files)-1].number + 1
		}
		c.files = append(c.files, file)
	}
	for len(c.files) > openFiles {
		dropped.lost("rotated", c.files[0].unreadLines())
		c.next()
	}
}

// resume goes on where an earlier process stopped.
func (c *container) resume(saved checkpoint) {
	at, known := c.find(saved.At)
	if !known {
		if len(c.files) > 0 {
			log.Printf("%s: what was read last has been rotated away: all that is left is read", c.id)
		}
		return
	}
	from := at
	c.before, c.begun = at, map[string]place{}
	for stream, begun := range saved.Begun {
		if start, known := c.find(begun); known {
			c.begun[stream] = start
			if start.before(from) {
				from = start
			}
		}
	}
	for c.files[0].number < from.file {
		c.next()
	}
	c.files[0].offset = from.offset
}

func (c *container) find(wanted position) (place, bool) {
	for _, file := range c.files {
		if file.holds(wanted) {
			return place{file.number, wanted.Offset}, true
		}
	}
	return place{}, false
}

// checkpoint is how far it has been read; false while it catches up with what an earlier process had read.
func (c *container) checkpoint() (checkpoint, bool) {
	if len(c.files) == 0 {
		return checkpoint{}, false
	}
	file := c.files[0]
	if (place{file.number, file.offset}).before(c.before) {
		return checkpoint{}, false
	}
	saved := checkpoint{At: file.position(file.offset)}
	if file.offset == 0 && c.ended != nil {
		// The beginning of a file has nothing before it by which it could be told from the next one with its inode.
		saved.At = *c.ended
	}
	for stream, begun := range c.parts {
		if saved.Begun == nil {
			saved.Begun = map[string]position{}
		}
		saved.Begun[stream] = begun.from
	}
	return saved, true
}

// read hands on the lines that fit into the buffer; false when there was nothing.
func (c *container) read(buffer []byte, hear func(found), dropped *metrics) bool {
	c.atEnd = false
	if len(c.files) == 0 {
		return false
	}
	file, last := c.files[0], len(c.files) == 1
	length, _ := file.ReadAt(buffer, file.offset)
	c.atEnd = last && length < len(buffer)
	text := buffer[:length]
	end := bytes.LastIndexByte(text, '\n') + 1
	if end == 0 {
		if length == len(buffer) {
			// No runtime writes such a line.
			dropped.lost("malformed", 1)
			file.offset, c.changed = file.offset+int64(length), true
			return true
		}
		if last {
			c.finishLate(hear)
			return false
		}
		if length > 0 {
			dropped.lost("malformed", 1)
		}
		c.next()
		return true
	}
	for line := range bytes.Lines(text[:end]) {
		c.take(file, line, hear, dropped)
		file.offset += int64(len(line))
	}
	c.changed = true
	return true
}

func (c *container) take(file *logFile, line []byte, hear func(found), dropped *metrics) {
	written, ok := parse(line)
	here := place{file.number, file.offset}
	if here.before(c.before) {
		if begun, open := c.begun[written.stream]; !ok || !open || here.before(begun) {
			return
		}
	}
	if !ok {
		dropped.lost("malformed", 1)
		return
	}
	begun := c.parts[written.stream]
	if begun == nil {
		if !written.part {
			hear(found{c.who, written})
			return
		}
		begun = &part{time: written.time, from: file.position(file.offset)}
		c.parts[written.stream] = begun
	}
	begun.text = append(begun.text, written.text...)
	begun.heard = time.Now()
	if !written.part || len(begun.text) >= maxText {
		c.finish(written.stream, hear)
	}
}

func (c *container) finish(stream string, hear func(found)) {
	begun := c.parts[stream]
	delete(c.parts, stream)
	c.changed = true
	hear(found{c.who, entry{time: begun.time, stream: stream, text: begun.text}})
}

// finishLate hands on lines whose end does not come: their program was killed in the middle of them.
func (c *container) finishLate(hear func(found)) {
	for stream, begun := range c.parts {
		if c.gone || time.Since(begun.heard) > partPatience {
			c.finish(stream, hear)
		}
	}
}

func (c *container) next() {
	ended := c.files[0].position(c.files[0].offset)
	c.ended = &ended
	_ = c.files[0].Close()
	c.files = c.files[1:]
	c.changed = true
}

func (c *container) close() {
	for _, file := range c.files {
		_ = file.Close()
	}
	c.files = nil
}
