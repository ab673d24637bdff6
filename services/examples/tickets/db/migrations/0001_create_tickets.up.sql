CREATE TABLE tickets (
  id BIGINT AUTO_INCREMENT PRIMARY KEY,
  title VARCHAR(200) NOT NULL,
  priority VARCHAR(10) NOT NULL DEFAULT '',
  taken_until DATETIME NOT NULL DEFAULT '1970-01-01 00:00:00',
  KEY untriaged (priority, taken_until)
);
