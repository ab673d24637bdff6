-- A table of its own: replicas of an earlier release go on with users as it is. Who is deleted takes it along.
CREATE TABLE IF NOT EXISTS passwords (
    user_id BIGINT UNSIGNED NOT NULL,
    hash    VARCHAR(255)    CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    PRIMARY KEY (user_id),
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_ai_ci;
