-- One row from a login to its end, with the hash of the one refresh token that is good.
CREATE TABLE IF NOT EXISTS sessions (
    id         BINARY(16)      NOT NULL,
    user_id    BIGINT UNSIGNED NOT NULL,
    token_hash BINARY(32)      NOT NULL,
    expires_at DATETIME(6)     NOT NULL,
    PRIMARY KEY (id),
    KEY sessions_expires_at (expires_at),
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_ai_ci;
