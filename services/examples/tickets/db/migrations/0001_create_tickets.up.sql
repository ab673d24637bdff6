CREATE TABLE tickets (
  id BIGINT AUTO_INCREMENT PRIMARY KEY,
  title VARCHAR(200) NOT NULL,
  priority VARCHAR(10) NOT NULL DEFAULT '',
  KEY untriaged (priority, id)
);
