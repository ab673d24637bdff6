-- No foreign key: a key must outlive the user that it made, or a late retry would make another.
CREATE TABLE IF NOT EXISTS idempotency_keys (
    idempotency_key VARCHAR(255)    CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    request_hash    BINARY(32)      NOT NULL,
    user_id         BIGINT UNSIGNED NOT NULL,
    created_at      DATETIME(6)     NOT NULL,
    PRIMARY KEY (idempotency_key),
    KEY idempotency_keys_created_at (created_at)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_ai_ci;
