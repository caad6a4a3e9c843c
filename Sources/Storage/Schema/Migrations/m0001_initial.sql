-- Conventions (docs/architecture.md, "Tables"):
--   * (shard, seq) on a row is the position of its last change in the shard's order; deletions leave tombstones.
--   * Strings whose grammar does not exclude NUL (state_key, event type, names a person typed) and all JSON are bytea.
--     Everything else is text COLLATE "C": byte order, no locale.
--   * Columns carry their unit (_ms). The service that writes a table is named in its comment.

-- ── Cluster ──────────────────────────────────────────────────────────────────────────────────────────────────────

CREATE TABLE cluster_state (
    singleton         boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    server_name       text COLLATE "C" NOT NULL,
    shard_count       smallint NOT NULL,
    generation        bigint NOT NULL DEFAULT 1,      -- never used twice: the clock's seconds at its start, but for the first
    system_identifier bigint NOT NULL,
    timeline          integer NOT NULL,
    feature_level     integer NOT NULL DEFAULT 1
);
COMMENT ON TABLE cluster_state IS 'One row. Written by whoever migrates, and by the first worker that sees another (system identifier, timeline).';

-- The timeline this server writes. Not pg_control_checkpoint's: that one lags behind a promotion until the next checkpoint.
CREATE FUNCTION wal_timeline() RETURNS integer LANGUAGE sql STABLE AS $$
    SELECT ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::integer
$$;

-- Whether this is the server, and the course of its history, that the cluster knows. If not, acknowledged writes may be
-- missing, and a new generation must begin before anything is written.
CREATE FUNCTION is_known_history() RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT (c.system_identifier, c.timeline) = (s.system_identifier, wal_timeline())
      FROM cluster_state AS c, pg_control_system() AS s
$$;

CREATE TABLE generation_start (
    generation bigint NOT NULL,
    shard      smallint NOT NULL,
    seq        bigint NOT NULL,                       -- the head that survived; what older generations had beyond is lost
    PRIMARY KEY (generation, shard)
);
COMMENT ON TABLE generation_start IS 'Where positions of older generations are clamped to. Written with cluster_state.generation.';

CREATE TABLE worker (
    worker_id         text COLLATE "C" PRIMARY KEY,   -- name and boot nonce, "sync-2:9f3c…"
    kind              text COLLATE "C" NOT NULL,
    version           text COLLATE "C" NOT NULL,
    feature_level_max integer NOT NULL,
    public_address    text COLLATE "C",               -- host:port the router balances to; null when it serves none
    internal_address  text COLLATE "C" NOT NULL,      -- empty while it starts
    operations_address text COLLATE "C" NOT NULL,
    phase             text COLLATE "C" NOT NULL,      -- starting, ready, draining
    connections_max   integer NOT NULL DEFAULT 0,     -- the most connections to this database it will open
    started_at        timestamptz NOT NULL DEFAULT now(),
    seen_at           timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 50);
COMMENT ON TABLE worker IS 'The registry. Each worker writes its own row every second; rows unseen for 10 s are dead.';

-- Raises the feature level as far as every live worker, and p_max, goes. The row is locked by a statement of its own before
-- the workers are counted, and registering takes the lock too: who registers meanwhile is either counted or refused.
CREATE FUNCTION raise_feature_level(p_max integer) RETURNS integer LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM cluster_state FOR UPDATE;
    UPDATE cluster_state AS c
       SET feature_level = greatest(c.feature_level, least(p_max, (
           SELECT coalesce(min(feature_level_max), c.feature_level) FROM worker
            WHERE seen_at > now() - interval '60 seconds')));
    RETURN (SELECT feature_level FROM cluster_state);
END $$;

CREATE TABLE lease (
    partition         text COLLATE "C" PRIMARY KEY,   -- "shard/12"
    owner             text COLLATE "C",               -- worker_id, also of a successor that has yet to come; null when free
    epoch             bigint NOT NULL DEFAULT 0,
    expires_at        timestamptz NOT NULL DEFAULT '-infinity'
) WITH (fillfactor = 20);
COMMENT ON TABLE lease IS 'Who owns a partition. Written by the workers that claim, renew and hand over. Judged by the database''s clock. Not the row that commits lock.';

CREATE TABLE unreachable_writer (
    worker_id         text COLLATE "C" NOT NULL,
    voter_id          text COLLATE "C" NOT NULL,      -- a client worker that reaches others, but not this one
    at                timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (worker_id, voter_id)
);
COMMENT ON TABLE unreachable_writer IS 'Room-writers that cannot be reached from client workers. Written by these, again each second while it lasts. Old rows count for nothing.';

CREATE TABLE voted_out_writer (
    singleton         boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    worker_id         text COLLATE "C" NOT NULL,
    at                timestamptz NOT NULL
);
COMMENT ON TABLE voted_out_writer IS 'The room-writer voted out last; a minute long it owns nothing and no other is voted out. Written by the other room-writers.';

CREATE TABLE head (
    shard      smallint PRIMARY KEY,
    epoch      bigint NOT NULL DEFAULT 0,
    seq        bigint NOT NULL DEFAULT 0,
    generation bigint NOT NULL DEFAULT 1
) WITH (fillfactor = 10, autovacuum_vacuum_threshold = 200, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_cost_delay = 0);
COMMENT ON TABLE head IS 'Last committed seq of each shard and the epoch allowed to append. Written inside every group commit by advance_head.';

-- The fence. The first statement of every group commit: raises unless epoch and seq are the expected ones,
-- because an UPDATE that matches no row is no error and a pipelined COMMIT would commit the rest.
CREATE FUNCTION advance_head(p_shard smallint, p_epoch bigint, p_seq bigint, p_count integer) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE head SET seq = seq + p_count WHERE shard = p_shard AND epoch = p_epoch AND seq = p_seq;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'shard % is not at epoch % seq %', p_shard, p_epoch, p_seq USING ERRCODE = 'AP001';
    END IF;
END $$;

-- The same for several shards of one writer at once: all of them, or none.
CREATE FUNCTION advance_heads(p_shards smallint[], p_epochs bigint[], p_seqs bigint[], p_counts integer[]) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    advanced integer;
BEGIN
    UPDATE head SET seq = head.seq + expected.count
      FROM unnest(p_shards, p_epochs, p_seqs, p_counts) AS expected (shard, epoch, seq, count)
     WHERE head.shard = expected.shard AND head.epoch = expected.epoch AND head.seq = expected.seq;
    GET DIAGNOSTICS advanced = ROW_COUNT;
    IF advanced <> cardinality(p_shards) THEN
        RAISE EXCEPTION 'one of shards % is not at its epoch and seq', p_shards USING ERRCODE = 'AP001';
    END IF;
END $$;

CREATE TABLE log (
    shard  smallint NOT NULL,
    seq    bigint NOT NULL,
    epoch  bigint NOT NULL,
    kind   smallint NOT NULL,
    format smallint NOT NULL,
    key    text COLLATE "C" NOT NULL,                 -- room ID or user ID, by kind
    at     timestamptz NOT NULL DEFAULT now()
) PARTITION BY RANGE (at);
CREATE INDEX log_shard_seq ON log (shard, seq);
COMMENT ON TABLE log IS 'Thin: what changed, pointing into base tables by (shard, seq). Daily partitions, 48 h kept. Written by room-writer.';

CREATE TABLE consumer_position (
    consumer   text COLLATE "C" NOT NULL,
    shard      smallint NOT NULL,
    seq        bigint NOT NULL,
    generation bigint NOT NULL,
    PRIMARY KEY (consumer, shard)
);
COMMENT ON TABLE consumer_position IS 'How far each durable consumer has applied the log. Written by the consumer.';

CREATE TABLE command_result (
    command_id bytea NOT NULL,                        -- 16 bytes
    shard      smallint NOT NULL,
    result     bytea NOT NULL,                        -- JSON of the reply
    at         timestamptz NOT NULL DEFAULT now()
) PARTITION BY RANGE (at);
CREATE INDEX command_result_id ON command_result (command_id);
COMMENT ON TABLE command_result IS 'What a command answered, stored with its effect so a repeat answers the same. Daily partitions, 24 h kept. Written by room-writer.';

-- Exactly once. A statement of every group commit with results, after the fence: raises when a command of the batch has
-- had its effect already. The bounds on "at" spare the look into partitions of days to come.
CREATE FUNCTION refuse_repeated(p_commands bytea[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM command_result WHERE command_id = ANY (p_commands)
                  AND at BETWEEN now() - interval '49 hours' AND now() + interval '1 hour') THEN
        RAISE EXCEPTION 'a command of the batch has had its effect' USING ERRCODE = 'AP002';
    END IF;
END $$;

-- ── Accounts (written by client workers in plain transactions) ───────────────────────────────────────────────────

CREATE TABLE account (
    user_id        text COLLATE "C" PRIMARY KEY,
    shard          smallint NOT NULL,
    password_hash  text COLLATE "C",
    is_admin       boolean NOT NULL DEFAULT false,
    is_guest       boolean NOT NULL DEFAULT false,
    created_at_ms  bigint NOT NULL,
    deactivated_at_ms bigint,
    erased_at_ms   bigint,                            -- deactivated, and what the user left is to be removed as well
    suspended_at_ms bigint,                           -- may read and leave, not write
    locked_at_ms   bigint                             -- may only log out
);

CREATE TABLE profile_field (
    user_id text COLLATE "C" NOT NULL REFERENCES account,
    name    text COLLATE "C" NOT NULL,
    value   bytea NOT NULL,                           -- JSON
    PRIMARY KEY (user_id, name)
);

CREATE TABLE device (
    user_id         text COLLATE "C" NOT NULL REFERENCES account,
    device_id       text COLLATE "C" NOT NULL,
    display_name    bytea,
    created_at_ms   bigint NOT NULL,
    last_seen_at_ms bigint,
    last_seen_ip    text COLLATE "C",
    last_seen_user_agent bytea,
    oauth_client_id text COLLATE "C",                 -- whose tokens are refreshed at the OAuth endpoint only
    PRIMARY KEY (user_id, device_id)
);

CREATE INDEX device_oauth_client ON device (oauth_client_id) WHERE oauth_client_id IS NOT NULL;

CREATE TABLE access_token (
    token_hash    bytea PRIMARY KEY,                  -- SHA-256
    user_id       text COLLATE "C" NOT NULL,
    device_id     text COLLATE "C" NOT NULL,
    created_at_ms bigint NOT NULL,
    expires_at_ms bigint,
    refresh_hash  bytea,                              -- the refresh token it was given out with
    is_unused     boolean NOT NULL DEFAULT false,     -- came from a refresh; its first use ends the tokens before it
    FOREIGN KEY (user_id, device_id) REFERENCES device ON DELETE CASCADE
);
CREATE INDEX access_token_device ON access_token (user_id, device_id);

CREATE TABLE refresh_token (
    token_hash    bytea PRIMARY KEY,                  -- SHA-256
    user_id       text COLLATE "C" NOT NULL,
    device_id     text COLLATE "C" NOT NULL,
    created_at_ms bigint NOT NULL,
    predecessor   bytea,                              -- hash of the token that was exchanged for it
    spent_at_ms   bigint,                             -- replaced for good: whoever shows it has stolen it, or was stolen from
    FOREIGN KEY (user_id, device_id) REFERENCES device ON DELETE CASCADE
);
CREATE INDEX refresh_token_device ON refresh_token (user_id, device_id);

CREATE TABLE registration_token (
    token         text COLLATE "C" PRIMARY KEY,
    uses_allowed  integer,                            -- null: no limit
    uses          integer NOT NULL DEFAULT 0,
    expires_at_ms bigint
);

CREATE TABLE filter (
    user_id   text COLLATE "C" NOT NULL,
    filter_id integer NOT NULL,
    json      bytea NOT NULL,
    PRIMARY KEY (user_id, filter_id)
);

-- ── Users' ordered streams (written by room-writer, in the user's shard) ─────────────────────────────────────────

CREATE TABLE account_data (
    user_id text COLLATE "C" NOT NULL,
    room_id text COLLATE "C" NOT NULL,                -- '' for global
    type    bytea NOT NULL,
    content bytea,                                    -- null: tombstone
    shard   smallint NOT NULL,
    seq     bigint NOT NULL,
    PRIMARY KEY (user_id, room_id, type)
);
CREATE INDEX account_data_position ON account_data (user_id, seq);

CREATE TABLE to_device (
    user_id   text COLLATE "C" NOT NULL,
    device_id text COLLATE "C" NOT NULL,
    shard     smallint NOT NULL,
    seq       bigint NOT NULL,
    message   bytea NOT NULL,                         -- JSON {content, sender, type}
    PRIMARY KEY (user_id, device_id, seq)
);
CREATE INDEX to_device_position ON to_device (user_id, seq);

-- ── Rooms (written by room-writer, in the room's shard) ──────────────────────────────────────────────────────────

CREATE TABLE room (
    room_id       text COLLATE "C" PRIMARY KEY,
    shard         smallint NOT NULL,
    version       text COLLATE "C" NOT NULL,
    created_at_ms bigint NOT NULL
);

CREATE TABLE event (
    event_id         text COLLATE "C" PRIMARY KEY,
    room_id          text COLLATE "C" NOT NULL,
    shard            smallint NOT NULL,
    seq              bigint NOT NULL,
    type             bytea NOT NULL,
    state_key        bytea,
    sender           text COLLATE "C" NOT NULL,
    depth            bigint NOT NULL,
    origin_server_ts bigint NOT NULL,
    state_before     bigint,                          -- state_root at the event, without it
    state_after      bigint,                          -- … and with it
    rejected         boolean NOT NULL DEFAULT false,  -- stored for the graph, never served
    soft_failed      boolean NOT NULL DEFAULT false,
    redacted_by      text COLLATE "C",                -- event_id of the redaction in force
    sender_device    text COLLATE "C",                -- local sender's device and transaction, echoed in unsigned
    sender_txn       bytea,
    delay_id         text COLLATE "C",                -- of a local sender's that was sent later, echoed to them
    received_us      bigint NOT NULL DEFAULT (extract(epoch FROM now()) * 1000000)::bigint, -- rooms are sorted by it: positions of different shards cannot be compared
    json             bytea NOT NULL                   -- the PDU as sent over federation, canonical; redaction is applied on read
);
CREATE UNIQUE INDEX event_position ON event (shard, seq);
CREATE INDEX event_room_position ON event (room_id, seq);
CREATE INDEX event_redacted_state ON event (room_id) WHERE redacted_by IS NOT NULL AND state_key IS NOT NULL;

CREATE TABLE forward_extremity (
    room_id  text COLLATE "C" NOT NULL,
    event_id text COLLATE "C" NOT NULL,
    PRIMARY KEY (room_id, event_id)
);

CREATE TABLE state_root (
    root_id     bigint PRIMARY KEY,                   -- shard << 47 | number
    room_id     text COLLATE "C" NOT NULL,
    parent_id   bigint,                               -- null: entries is a snapshot
    chain       integer NOT NULL,                     -- entries since the last snapshot
    entries     bytea NOT NULL                        -- StateRootEncoding: (type, state_key, event_id or removed) …
);

CREATE TABLE current_state (
    room_id   text COLLATE "C" NOT NULL,
    type      bytea NOT NULL,
    state_key bytea NOT NULL,
    event_id  text COLLATE "C" NOT NULL,
    shard     smallint NOT NULL,
    seq       bigint NOT NULL,
    PRIMARY KEY (room_id, type, state_key)
);

CREATE TABLE state_change (
    room_id        text COLLATE "C" NOT NULL,
    shard          smallint NOT NULL,
    seq            bigint NOT NULL,
    type           bytea NOT NULL,
    state_key      bytea NOT NULL,
    event_id       text COLLATE "C",                  -- null: the key left the state
    prev_event_id  text COLLATE "C",
    root_id        bigint NOT NULL,                   -- current state's root after this change
    PRIMARY KEY (room_id, seq, type, state_key)
);
CREATE INDEX state_change_key ON state_change (room_id, type, state_key, seq);
COMMENT ON TABLE state_change IS 'Every change of current state, also by state resolution without an event of its own.';

CREATE TABLE current_membership (
    room_id      text COLLATE "C" NOT NULL,
    user_id      text COLLATE "C" NOT NULL,
    membership   text COLLATE "C" NOT NULL,           -- join, invite, leave, ban, knock
    sender       text COLLATE "C" NOT NULL,
    event_id     text COLLATE "C" NOT NULL,
    display_name bytea,
    avatar_url   bytea,
    is_local     boolean NOT NULL,
    shard        smallint NOT NULL,
    seq          bigint NOT NULL,
    PRIMARY KEY (room_id, user_id)
);
CREATE INDEX current_membership_user ON current_membership (user_id, membership, room_id) WHERE is_local;
CREATE INDEX current_membership_local ON current_membership (room_id) WHERE is_local AND membership = 'join';
COMMENT ON TABLE current_membership IS 'The member events of current state, one row a user.';

CREATE TABLE membership_history (
    user_id    text COLLATE "C" NOT NULL,             -- local users only
    room_id    text COLLATE "C" NOT NULL,
    shard      smallint NOT NULL,
    seq        bigint NOT NULL,
    membership text COLLATE "C" NOT NULL,
    event_id   text COLLATE "C" NOT NULL,
    sender     text COLLATE "C" NOT NULL,
    PRIMARY KEY (user_id, room_id, seq)
);
CREATE INDEX membership_history_position ON membership_history (user_id, shard, seq);
COMMENT ON TABLE membership_history IS 'The intervals in which a local user was in a room; every sync clips timelines to them.';

CREATE TABLE forgotten_room (
    user_id text COLLATE "C" NOT NULL,
    room_id text COLLATE "C" NOT NULL,
    seq     bigint NOT NULL,                          -- what came up to here is forgotten; a later membership counts again
    PRIMARY KEY (user_id, room_id)
);

CREATE TABLE receipt (
    room_id   text COLLATE "C" NOT NULL,
    user_id   text COLLATE "C" NOT NULL,
    type      text COLLATE "C" NOT NULL,
    thread_id text COLLATE "C" NOT NULL,              -- '' for unthreaded
    event_id  text COLLATE "C" NOT NULL,
    event_seq bigint NOT NULL,                        -- position of event_id: a receipt never moves back
    read_at_ms bigint NOT NULL,
    shard     smallint NOT NULL,
    seq       bigint NOT NULL,
    PRIMARY KEY (room_id, user_id, type, thread_id)
);
CREATE INDEX receipt_position ON receipt (room_id, seq);

CREATE TABLE room_alias (
    alias         text COLLATE "C" PRIMARY KEY,
    room_id       text COLLATE "C" NOT NULL,
    creator       text COLLATE "C" NOT NULL,
    created_at_ms bigint NOT NULL
);
CREATE INDEX room_alias_room ON room_alias (room_id);
COMMENT ON TABLE room_alias IS 'Written by client workers: a name is reserved before anything else happens.';

-- ── Redactions before their target (written by room-writer, in the room's shard) ─────────────────────────────────

CREATE TABLE awaited_redaction (
    room_id   text COLLATE "C" NOT NULL,
    target    text COLLATE "C" NOT NULL,              -- event_id of what has not arrived yet
    server    text COLLATE "C" NOT NULL,              -- whose users' events it may redact; '' for everybody's
    redaction text COLLATE "C" NOT NULL,              -- event_id; the first of each server counts
    PRIMARY KEY (room_id, target, server)
);

-- ── Messages: relations and unread counts (written by room-writer, in the room's shard) ──────────────────────────

CREATE TABLE event_relation (
    event_id         text COLLATE "C" PRIMARY KEY,    -- the child; gone once it is redacted
    room_id          text COLLATE "C" NOT NULL,
    parent_id        text COLLATE "C" NOT NULL,       -- may be of another room, or not be there: then it relates to nothing
    rel_type         bytea NOT NULL,
    key              bytea,                           -- of an annotation
    type             bytea NOT NULL,                  -- the child's
    sender           text COLLATE "C" NOT NULL,       -- the child's
    origin_server_ts bigint NOT NULL,
    replaces         boolean NOT NULL,                -- a complete edit of a message event
    thread_id        text COLLATE "C",                -- root of the thread it is in, itself or by its parent
    shard            smallint NOT NULL,
    seq              bigint NOT NULL
);
CREATE INDEX event_relation_parent ON event_relation (parent_id, rel_type, seq);
CREATE INDEX event_relation_sender ON event_relation (parent_id, rel_type, sender, origin_server_ts, event_id);
COMMENT ON TABLE event_relation IS 'What events in force relate to, of those that were not redacted.';

CREATE TABLE thread (
    room_id     text COLLATE "C" NOT NULL,
    root_id     text COLLATE "C" NOT NULL,
    latest_seq  bigint NOT NULL,                      -- position of its latest event
    event_count bigint NOT NULL,                      -- without the root; 0: all were redacted
    PRIMARY KEY (room_id, root_id)
);
CREATE INDEX thread_latest ON thread (room_id, latest_seq) WHERE event_count > 0;

-- Ordinals count events from a room's beginning, so that a difference of two of them says how many lie between.
CREATE TABLE countable_event (
    room_id               text COLLATE "C" NOT NULL,
    seq                   bigint NOT NULL,
    shard                 smallint NOT NULL,
    thread_id             text COLLATE "C" NOT NULL,  -- '' for the main timeline
    sender                text COLLATE "C" NOT NULL,
    room_ordinal          bigint NOT NULL,            -- of all in the room
    main_ordinal          bigint NOT NULL,            -- of those in the main timeline, up to this event
    thread_ordinal        bigint NOT NULL,            -- of those in its thread
    sender_ordinal        bigint NOT NULL,            -- the same three of its sender's
    sender_main_ordinal   bigint NOT NULL,
    sender_thread_ordinal bigint NOT NULL,
    is_redacted           boolean NOT NULL DEFAULT false,
    PRIMARY KEY (room_id, seq)
);
CREATE INDEX countable_event_sender ON countable_event (room_id, sender, seq);
CREATE INDEX countable_event_thread ON countable_event (room_id, thread_id, seq) WHERE thread_id <> '';
CREATE INDEX countable_event_thread_sender ON countable_event (room_id, thread_id, sender, seq) WHERE thread_id <> '';
CREATE INDEX countable_event_redacted ON countable_event (room_id, seq) WHERE is_redacted;
COMMENT ON TABLE countable_event IS 'The events members have to read. A count of unread ones is a difference of ordinals; a receipt changes nothing here.';

CREATE TABLE event_highlight (
    room_id   text COLLATE "C" NOT NULL,
    user_id   text COLLATE "C" NOT NULL,              -- a local user; '' for everybody in the room
    seq       bigint NOT NULL,
    shard     smallint NOT NULL,
    sender    text COLLATE "C" NOT NULL,
    thread_id text COLLATE "C" NOT NULL,              -- '' for the main timeline
    is_countable boolean NOT NULL,                    -- whether everybody has to read it, or only who is singled out
    PRIMARY KEY (room_id, user_id, seq)
);
CREATE INDEX event_highlight_position ON event_highlight (room_id, seq);
COMMENT ON TABLE event_highlight IS 'Events that single somebody out. Gone once the event is redacted.';

-- How many countable events a room has up to a position that are not by certain senders: all, and in the main timeline.
CREATE FUNCTION countable_up_to(p_room text, p_seq bigint, p_without text[]) RETURNS TABLE (total bigint, main bigint)
LANGUAGE sql STABLE AS $$
    SELECT coalesce(r.room_ordinal, 0) - coalesce(s.total, 0), coalesce(r.main_ordinal, 0) - coalesce(s.main, 0)
      FROM (SELECT 1) AS always
      LEFT JOIN LATERAL (
           SELECT c.room_ordinal, c.main_ordinal FROM countable_event AS c
            WHERE c.room_id = p_room AND c.seq <= p_seq ORDER BY c.seq DESC LIMIT 1) AS r ON true
      LEFT JOIN LATERAL (
           SELECT sum(own.sender_ordinal)::bigint AS total, sum(own.sender_main_ordinal)::bigint AS main
             FROM unnest(p_without) AS without (sender)
            CROSS JOIN LATERAL (
                  SELECT c.sender_ordinal, c.sender_main_ordinal FROM countable_event AS c
                   WHERE c.room_id = p_room AND c.sender = without.sender AND c.seq <= p_seq
                   ORDER BY c.seq DESC LIMIT 1) AS own) AS s ON true
$$;

-- The same for one thread.
CREATE FUNCTION countable_in_thread(p_room text, p_thread text, p_seq bigint, p_without text[]) RETURNS bigint
LANGUAGE sql STABLE AS $$
    SELECT coalesce((
               SELECT c.thread_ordinal FROM countable_event AS c
                WHERE c.room_id = p_room AND c.thread_id = p_thread AND c.thread_id <> '' AND c.seq <= p_seq
                ORDER BY c.seq DESC LIMIT 1), 0)
         - coalesce((
               SELECT sum(own.sender_thread_ordinal)::bigint
                 FROM unnest(p_without) AS without (sender)
                CROSS JOIN LATERAL (
                      SELECT c.sender_thread_ordinal FROM countable_event AS c
                       WHERE c.room_id = p_room AND c.thread_id = p_thread AND c.thread_id <> ''
                         AND c.sender = without.sender AND c.seq <= p_seq
                       ORDER BY c.seq DESC LIMIT 1) AS own), 0)
$$;

-- ── Search (written by room-writer, in the room's shard) ─────────────────────────────────────────────────────────

CREATE TABLE event_search (
    room_id          text COLLATE "C" NOT NULL,
    seq              bigint NOT NULL,
    shard            smallint NOT NULL,
    event_id         text COLLATE "C" NOT NULL,
    origin_server_ts bigint NOT NULL,
    key              smallint NOT NULL,               -- what it is the text of: 1 content.body, 2 content.name, 3 content.topic
    words            tsvector NOT NULL,               -- SearchTerms: words in lower case, pairs of letters where there are no spaces
    PRIMARY KEY (room_id, seq)
);
CREATE INDEX event_search_words ON event_search USING gin (words);
COMMENT ON TABLE event_search IS 'What can be searched for of unencrypted events. Gone once the event is redacted.';

-- ── Rooms beyond chat (written by client workers) ────────────────────────────────────────────────────────────────

CREATE TABLE published_room (
    room_id         text COLLATE "C" PRIMARY KEY,
    publisher       text COLLATE "C" NOT NULL,
    published_at_ms bigint NOT NULL,
    size_class      smallint NOT NULL DEFAULT 0       -- binary logarithm of its members when it was last listed
);
CREATE INDEX published_room_order ON published_room ((-size_class), room_id);
COMMENT ON TABLE published_room IS 'The room directory, large rooms first; what is shown of a room is read from its current state. Written by client workers.';

CREATE TABLE user_search_word (
    word    text COLLATE "C" NOT NULL,                -- lower case; of writing without spaces the end of a run from each place
    user_id text COLLATE "C" NOT NULL REFERENCES account,
    PRIMARY KEY (word, user_id)
);
CREATE INDEX user_search_word_user ON user_search_word (user_id);
COMMENT ON TABLE user_search_word IS 'What display names of local users are found by, as prefixes. Written by client workers with profile_field.';

CREATE TABLE profile_spread (
    user_id    text COLLATE "C" PRIMARY KEY REFERENCES account,
    stamp      bigint NOT NULL DEFAULT 0,             -- grows with each change, so that a newer one begins anew
    after_room text COLLATE "C" NOT NULL DEFAULT '',  -- done up to here, in byte order
    due_at     timestamptz NOT NULL DEFAULT now()     -- a worker that takes it up moves this ahead
);
CREATE INDEX profile_spread_due ON profile_spread (due_at);
COMMENT ON TABLE profile_spread IS 'Changes of names and avatars on their way into member events. A row goes when every room has it. Written by client workers.';

CREATE TABLE report (
    report_id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    reported_at_ms bigint NOT NULL,
    reporter       text COLLATE "C" NOT NULL,
    room_id        text COLLATE "C",                  -- of a reported room or event
    event_id       text COLLATE "C",
    user_id        text COLLATE "C",                  -- the reported user, or the event's sender
    reason         bytea NOT NULL,                    -- text
    score          integer                            -- from clients of old specifications
);
CREATE INDEX report_reporter ON report (reporter, reported_at_ms);
COMMENT ON TABLE report IS 'Events, rooms and users reported to the administrators. Written by client workers.';

CREATE TABLE server_notice_room (
    user_id text COLLATE "C" PRIMARY KEY REFERENCES account,
    room_id text COLLATE "C" NOT NULL UNIQUE
);
COMMENT ON TABLE server_notice_room IS 'The room in which the server tells a user something. Written by client workers.';

CREATE TABLE delayed_event (
    delay_id      text COLLATE "C" PRIMARY KEY,
    command_id    bytea NOT NULL,                     -- derived from delay_id: sending it twice is one command
    shard         smallint NOT NULL,                  -- the room's; its owner sends what is due
    room_id       text COLLATE "C" NOT NULL,
    user_id       text COLLATE "C" NOT NULL,
    type          bytea NOT NULL,
    state_key     bytea,
    draft         bytea NOT NULL,                     -- JSON of the event as the room-writer takes it
    delay_ms      bigint NOT NULL,
    after_seq     bigint NOT NULL,                    -- state that others set later makes a delayed state event void
    since         timestamptz NOT NULL DEFAULT now(), -- when it was scheduled or last restarted
    due_at        timestamptz NOT NULL,
    phase         smallint NOT NULL DEFAULT 0,        -- 0 scheduled, 1 being sent, 2 sent, 3 cancelled, 4 refused
    event_id      text COLLATE "C",                   -- when sent
    error         bytea,                              -- when refused: JSON {errcode, error}
    ended_at      timestamptz
);
CREATE INDEX delayed_event_due ON delayed_event (shard, due_at) WHERE phase < 2;
CREATE INDEX delayed_event_user ON delayed_event (user_id, phase);
CREATE INDEX delayed_event_ended ON delayed_event (ended_at) WHERE phase >= 2;
COMMENT ON TABLE delayed_event IS 'Events to be sent later. Scheduled, restarted and cancelled by client workers; taken up and ended by room-writer.';

-- ── Accounts and authentication (written by client workers in plain statements) ──────────────────────────────────

CREATE TABLE uia_stage (
    session_id    text COLLATE "C" NOT NULL,          -- names the one operation it authorises, signed
    stage         text COLLATE "C" NOT NULL,
    evidence      bytea NOT NULL,                     -- JSON of what was proven
    expires_at_ms bigint NOT NULL,
    PRIMARY KEY (session_id, stage)
);
CREATE INDEX uia_stage_expiry ON uia_stage (expires_at_ms);
COMMENT ON TABLE uia_stage IS 'Stages done of user-interactive authentications that have more to do. Written by client workers.';

CREATE TABLE account_token (
    token_hash    bytea PRIMARY KEY,                  -- SHA-256
    purpose       text COLLATE "C" NOT NULL,          -- login, openid, browser
    user_id       text COLLATE "C" NOT NULL REFERENCES account,
    expires_at_ms bigint NOT NULL
);
CREATE INDEX account_token_expiry ON account_token (expires_at_ms);
CREATE INDEX account_token_user ON account_token (user_id);
COMMENT ON TABLE account_token IS 'Tokens of users that are no access tokens, each good for one purpose. Written by client workers.';

CREATE TABLE account_cleanup (
    user_id       text COLLATE "C" PRIMARY KEY REFERENCES account,
    room_after    text COLLATE "C" NOT NULL DEFAULT '',  -- the rooms up to this one have been left
    claimed_until_ms bigint NOT NULL DEFAULT 0
);
COMMENT ON TABLE account_cleanup IS 'What is left to do for deactivated accounts; a row goes when all is done. Written by client workers.';

CREATE TABLE guest_check (
    room_id       text COLLATE "C" PRIMARY KEY,
    seq           bigint NOT NULL,                    -- of the last change of its guest access
    user_after    text COLLATE "C" NOT NULL DEFAULT '',  -- the guests up to this one have been looked at
    claimed_until_ms bigint NOT NULL DEFAULT 0
);
COMMENT ON TABLE guest_check IS 'Rooms whose guests may have to leave. Noted by room-writer; worked on by client workers.';

CREATE TABLE third_party_id (
    medium          text COLLATE "C" NOT NULL,        -- email
    address         text COLLATE "C" NOT NULL,        -- in small letters
    user_id         text COLLATE "C" NOT NULL REFERENCES account,
    validated_at_ms bigint NOT NULL,
    added_at_ms     bigint NOT NULL,
    PRIMARY KEY (medium, address)
);
CREATE INDEX third_party_id_user ON third_party_id (user_id);
COMMENT ON TABLE third_party_id IS 'Addresses by which people are known besides their user ID. Written by client workers.';

CREATE TABLE email_validation (
    session_id    text COLLATE "C" PRIMARY KEY,
    purpose       text COLLATE "C" NOT NULL,          -- register, add, password
    address       text COLLATE "C" NOT NULL,
    client_secret text COLLATE "C" NOT NULL,
    send_attempt  bigint NOT NULL,
    token_hash    bytea NOT NULL,                     -- SHA-256 of what the mail says
    next_link     bytea,                              -- where the page it leads to points on to
    expires_at_ms bigint NOT NULL,
    validated_at_ms bigint,
    UNIQUE (purpose, address, client_secret)
);
CREATE INDEX email_validation_expiry ON email_validation (expires_at_ms);
COMMENT ON TABLE email_validation IS 'Mails sent to learn whether an address is somebody''s. Written by client workers.';

CREATE UNLOGGED TABLE rate_bucket (
    key        bytea PRIMARY KEY,                     -- digest of the limit and what it counts
    full_at_ms bigint NOT NULL                        -- when all that was taken will have come back
) WITH (fillfactor = 70);
CREATE INDEX rate_bucket_full ON rate_bucket (full_at_ms);
COMMENT ON TABLE rate_bucket IS 'Limits that all workers share; rows that are full again go. Written by client workers.';

CREATE TABLE oauth_client (
    client_id     text COLLATE "C" PRIMARY KEY,       -- digest of the metadata: one for all who register the same
    metadata      bytea NOT NULL,                     -- JSON as registered, checked
    used_at_ms    bigint NOT NULL
);
CREATE INDEX oauth_client_use ON oauth_client (used_at_ms);
COMMENT ON TABLE oauth_client IS 'Programs that may ask people for access. Written by client workers.';

CREATE TABLE oauth_code (
    code_hash     bytea PRIMARY KEY,                  -- SHA-256
    client_id     text COLLATE "C" NOT NULL,
    user_id       text COLLATE "C" NOT NULL REFERENCES account,
    device_id     text COLLATE "C" NOT NULL,
    redirect_uri  text COLLATE "C" NOT NULL,
    challenge     text COLLATE "C" NOT NULL,          -- of PKCE, S256
    scope         text COLLATE "C" NOT NULL,
    expires_at_ms bigint NOT NULL,
    used_at_ms    bigint                              -- a second use ends what the first gave
);
CREATE INDEX oauth_code_expiry ON oauth_code (expires_at_ms);
COMMENT ON TABLE oauth_code IS 'Authorization codes on their way through browsers. Written by client workers.';

CREATE TABLE oauth_device_request (
    device_code_hash bytea PRIMARY KEY,               -- SHA-256
    user_code     text COLLATE "C" NOT NULL UNIQUE,   -- what a person types, without the dash
    client_id     text COLLATE "C" NOT NULL,
    device_id     text COLLATE "C" NOT NULL,
    scope         text COLLATE "C" NOT NULL,
    user_id       text COLLATE "C" REFERENCES account, -- who decided
    is_allowed    boolean,                            -- null: undecided
    polled_at_ms  bigint NOT NULL DEFAULT 0,
    expires_at_ms bigint NOT NULL
);
CREATE INDEX oauth_device_request_expiry ON oauth_device_request (expires_at_ms);
COMMENT ON TABLE oauth_device_request IS 'Devices that wait for somebody to allow them elsewhere. Written by client workers.';

CREATE TABLE upstream_identity (
    issuer        text COLLATE "C" NOT NULL,
    subject       text COLLATE "C" NOT NULL,          -- the provider's own name of somebody
    user_id       text COLLATE "C" NOT NULL REFERENCES account,
    PRIMARY KEY (issuer, subject)
);
CREATE INDEX upstream_identity_user ON upstream_identity (user_id);
COMMENT ON TABLE upstream_identity IS 'Who at an identity provider is whose account. Written by client workers.';

-- ── Housekeeping (written by housekeeper) ────────────────────────────────────────────────────────────────────────

CREATE TABLE job (
    name        text COLLATE "C" PRIMARY KEY,
    checkpoint  bytea,                                -- where the run under way goes on; null: at the start
    due_at      timestamptz NOT NULL DEFAULT now(),
    started_at  timestamptz,                          -- of the last run that began
    finished_at timestamptz,                          -- of the last run that ended well
    failure     text                                  -- why the last attempt ended, when it failed
);
COMMENT ON TABLE job IS 'What housekeepers do in the background, one row a job. Who is at it says the lease "job/NAME".';

CREATE TABLE purge_request (
    purge_id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    room_id         text COLLATE "C" NOT NULL,
    before_ms       bigint NOT NULL,                  -- messages from before this moment go
    requested_at_ms bigint NOT NULL,
    after_seq       bigint NOT NULL DEFAULT 0,        -- how far the room has been gone through
    purged          bigint NOT NULL DEFAULT 0,        -- events
    finished_at_ms  bigint
);
CREATE INDEX purge_request_open ON purge_request (purge_id) WHERE finished_at_ms IS NULL;
COMMENT ON TABLE purge_request IS 'Rooms whose old messages an operator wants gone. Requested by operators, carried out by housekeeper.';

-- ── Presence (written by room-writer, the owner of the user's shard) ────────────────────────────────────────────────

CREATE TABLE user_activity (
    user_id   text COLLATE "C" PRIMARY KEY REFERENCES account,
    active_at timestamptz NOT NULL                    -- to the hour
);
COMMENT ON TABLE user_activity IS 'When users were last active; everything else of presence is in memory.';

-- ── Sliding sync (written by sync workers in single statements) ──────────────────────────────────────────────────────

CREATE TABLE sliding_connection (
    connection_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id       text COLLATE "C" NOT NULL,
    device_id     text COLLATE "C" NOT NULL,
    name          bytea NOT NULL,                     -- conn_id
    position      bigint NOT NULL DEFAULT 0,          -- of the last answer that told something else than before
    parent        bigint,                             -- of the client that it answered: it may come again
    used_at       timestamptz NOT NULL DEFAULT now(), -- to the day
    FOREIGN KEY (user_id, device_id) REFERENCES device ON DELETE CASCADE
);
CREATE INDEX sliding_connection_device ON sliding_connection (user_id, device_id, used_at);
CREATE INDEX sliding_connection_used ON sliding_connection (used_at);
COMMENT ON TABLE sliding_connection IS 'Clients of sliding sync, for whatever worker they come to next.';

CREATE TABLE sliding_config (
    connection_id bigint NOT NULL REFERENCES sliding_connection ON DELETE CASCADE,
    config_id     bigint NOT NULL,
    json          bytea NOT NULL,                     -- required state
    PRIMARY KEY (connection_id, config_id)
);

CREATE TABLE sliding_room (
    connection_id  bigint NOT NULL REFERENCES sliding_connection ON DELETE CASCADE,
    room_id        text COLLATE "C" NOT NULL,
    position       bigint NOT NULL,                   -- the answer that told it
    sent_seq       bigint,                            -- what the client knows of the room ends here; null: where its answer was made
    timeline_limit smallint NOT NULL,
    config_id      bigint NOT NULL,
    PRIMARY KEY (connection_id, room_id, position)
);
CREATE INDEX sliding_room_position ON sliding_room (connection_id, position);
COMMENT ON TABLE sliding_room IS 'What a connection has been told of its rooms: of each, the row with the highest position up to the client''s counts.';

-- ── Sticky events (written by room-writer, in the room's shard) ──────────────────────────────────────────────────────

CREATE TABLE sticky_event (
    room_id       text COLLATE "C" NOT NULL,
    seq           bigint NOT NULL,
    shard         smallint NOT NULL,
    expires_at_ms bigint NOT NULL,
    PRIMARY KEY (room_id, seq)
);
CREATE INDEX sticky_event_expiry ON sticky_event (expires_at_ms);
COMMENT ON TABLE sticky_event IS 'Events that members are told of however far back they are, for an hour at most (MSC4354). Gone once the event is redacted.';

-- ── Meeting others (written by client workers in single statements) ──────────────────────────────────────────────────

CREATE UNLOGGED TABLE rendezvous (
    rendezvous_id  text COLLATE "C" PRIMARY KEY,      -- whoever knows it may read and write
    form           smallint NOT NULL,                 -- 1 bytes (MSC4108), 2 text (MSC4388)
    payload        bytea NOT NULL,
    revision       text COLLATE "C" NOT NULL,         -- another one with each payload
    modified_at_ms bigint NOT NULL,
    expires_at_ms  bigint NOT NULL
);
CREATE INDEX rendezvous_expiry ON rendezvous (expires_at_ms);
COMMENT ON TABLE rendezvous IS 'Where a device that logs in meets one that is logged in, for minutes. Written by client workers.';

CREATE TABLE identity_binding (
    user_id     text COLLATE "C" NOT NULL REFERENCES account,
    medium      text COLLATE "C" NOT NULL,
    address     text COLLATE "C" NOT NULL,
    server      text COLLATE "C" NOT NULL,            -- the identity server
    bound_at_ms bigint NOT NULL,
    PRIMARY KEY (user_id, medium, address, server)
);
COMMENT ON TABLE identity_binding IS 'Addresses by which identity servers find users, because we asked them to. Written by client workers.';

-- ── Keys of end-to-end encryption (written by room-writer, in the user's shard) ──────────────────────────────────────

CREATE TABLE device_key (
    user_id   text COLLATE "C" NOT NULL,
    device_id text COLLATE "C" NOT NULL,
    json      bytea NOT NULL,                         -- as uploaded, with the owner's signatures only
    PRIMARY KEY (user_id, device_id)
);
COMMENT ON TABLE device_key IS 'Identity keys of devices.';

CREATE TABLE one_time_key (
    user_id    text COLLATE "C" NOT NULL,
    device_id  text COLLATE "C" NOT NULL,
    key_id     text COLLATE "C" NOT NULL,             -- algorithm:ID
    algorithm  text COLLATE "C" NOT NULL,
    json       bytea NOT NULL,
    shard      smallint NOT NULL,
    seq        bigint NOT NULL,                       -- when it was uploaded: the oldest is handed out first
    claimed_at timestamptz,                           -- handed out; the row stays so that a late repeat of its upload brings nothing back
    PRIMARY KEY (user_id, device_id, key_id)
);
CREATE INDEX one_time_key_stock ON one_time_key (user_id, device_id, seq) WHERE claimed_at IS NULL;
CREATE INDEX one_time_key_claimed ON one_time_key (claimed_at) WHERE claimed_at IS NOT NULL;
COMMENT ON TABLE one_time_key IS 'Keys that others begin a session with a device by, each handed out once.';

CREATE TABLE fallback_key (
    user_id   text COLLATE "C" NOT NULL,
    device_id text COLLATE "C" NOT NULL,
    algorithm text COLLATE "C" NOT NULL,
    key_id    text COLLATE "C" NOT NULL,
    json      bytea NOT NULL,
    is_used   boolean NOT NULL,
    PRIMARY KEY (user_id, device_id, algorithm)
);
COMMENT ON TABLE fallback_key IS 'What is handed out when a device has no one-time keys left, again and again.';

CREATE TABLE key_stock (
    user_id   text COLLATE "C" NOT NULL,
    device_id text COLLATE "C" NOT NULL,
    shard     smallint NOT NULL,
    seq       bigint NOT NULL,
    PRIMARY KEY (user_id, device_id)
);
COMMENT ON TABLE key_stock IS 'When a device''s one-time or fallback keys last changed.';

CREATE TABLE cross_signing_key (
    user_id    text COLLATE "C" NOT NULL,
    usage      text COLLATE "C" NOT NULL,             -- master, self_signing, user_signing
    public_key text COLLATE "C" NOT NULL,
    json       bytea NOT NULL,                        -- as uploaded, with the owner's signatures only
    PRIMARY KEY (user_id, usage)
);

CREATE TABLE key_signature (
    user_id    text COLLATE "C" NOT NULL,             -- whose key is signed
    target     text COLLATE "C" NOT NULL,             -- a device's ID or a public key
    signer     text COLLATE "C" NOT NULL,             -- whose shard the row is of
    signer_key text COLLATE "C" NOT NULL,             -- algorithm:ID
    signature  text COLLATE "C" NOT NULL,
    shard      smallint NOT NULL,
    seq        bigint NOT NULL,
    PRIMARY KEY (user_id, target, signer, signer_key)
);
CREATE INDEX key_signature_signer ON key_signature (signer, seq);
COMMENT ON TABLE key_signature IS 'Signatures that came after the keys they are of. Shown to the signer and, of their own keys, to everybody.';

CREATE TABLE device_list (
    user_id text COLLATE "C" PRIMARY KEY,
    shard   smallint NOT NULL,
    seq     bigint NOT NULL
);
CREATE INDEX device_list_position ON device_list (shard, seq);
COMMENT ON TABLE device_list IS 'When a user''s devices, identity or cross-signing keys last changed.';

-- ── Backups of keys, dehydrated devices (written by client workers) ──────────────────────────────────────────────────

CREATE SEQUENCE key_backup_store;

CREATE TABLE key_backup (
    user_id    text COLLATE "C" NOT NULL REFERENCES account,
    version    bigint NOT NULL,
    algorithm  text COLLATE "C" NOT NULL,
    auth_data  bytea NOT NULL,                        -- JSON
    store_id   bigint NOT NULL DEFAULT nextval('key_backup_store'), -- another one once all keys are deleted
    etag       bigint NOT NULL DEFAULT 0,
    key_count  bigint NOT NULL DEFAULT 0,
    is_deleted boolean NOT NULL DEFAULT false,        -- stays, so that its number is not given again
    PRIMARY KEY (user_id, version)
);

CREATE TABLE key_backup_session (
    store_id            bigint NOT NULL,
    room_id             text COLLATE "C" NOT NULL,
    session_id          bytea NOT NULL,               -- text
    first_message_index bigint NOT NULL,
    forwarded_count     bigint NOT NULL,
    is_verified         boolean NOT NULL,
    session_data        bytea NOT NULL,               -- JSON
    PRIMARY KEY (store_id, room_id, session_id)
);

CREATE TABLE abandoned_key_store (
    store_id bigint PRIMARY KEY
);
COMMENT ON TABLE abandoned_key_store IS 'Keys nobody can ask for any more. Written by client workers; housekeeper deletes the keys, some at a time, and then the row.';

CREATE TABLE dehydrated_device (
    user_id     text COLLATE "C" PRIMARY KEY,
    device_id   text COLLATE "C" NOT NULL,
    device_data bytea NOT NULL,                       -- JSON
    FOREIGN KEY (user_id, device_id) REFERENCES device ON DELETE CASCADE
);
COMMENT ON TABLE dehydrated_device IS 'Devices without a client, which take messages until one becomes them (MSC3814).';

-- ── Media (written by media workers in plain statements; what is over is deleted by housekeeper) ─────────────────────

CREATE TABLE media_content (
    content_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    digest         bytea NOT NULL UNIQUE,             -- SHA-256: the same bytes are kept once
    object_key     text COLLATE "C" NOT NULL UNIQUE,  -- in the object store
    byte_count     bigint NOT NULL,
    claimed_at_ms  bigint NOT NULL,                   -- when somebody last meant to refer to it
    is_doubtful    boolean NOT NULL DEFAULT true,     -- nothing may refer to it any more, or yet
    quarantined_by text COLLATE "C"                   -- who has forbidden it; null: nobody
);
CREATE INDEX media_content_doubt ON media_content (claimed_at_ms) WHERE is_doubtful;
COMMENT ON TABLE media_content IS 'Stored files by their content, however often they were uploaded.';

CREATE TABLE media (
    origin         text COLLATE "C" NOT NULL,         -- the server whose file it is
    media_id       text COLLATE "C" NOT NULL,
    kind           smallint NOT NULL,                 -- 0 uploaded here, 1 of another server, 2 a picture of a preview
    user_id        text COLLATE "C",                  -- who uploaded it; null for kinds 1 and 2
    content_id     bigint REFERENCES media_content,   -- null: not uploaded yet
    content_type   bytea NOT NULL,                    -- as it was uploaded
    file_name      bytea,
    created_at_ms  bigint NOT NULL,
    expires_at_ms  bigint,                            -- when its address is given up unless it is uploaded; null once it is
    accessed_at_ms bigint NOT NULL,                   -- to the day
    is_open        boolean NOT NULL DEFAULT false,    -- from before media needed a token: the old endpoints serve it
    PRIMARY KEY (origin, media_id)
);
CREATE INDEX media_by_content ON media (content_id) WHERE content_id IS NOT NULL;
CREATE INDEX media_user ON media (user_id, created_at_ms) WHERE user_id IS NOT NULL;
CREATE INDEX media_pending ON media (expires_at_ms) WHERE expires_at_ms IS NOT NULL;
CREATE INDEX media_use ON media (kind, accessed_at_ms) WHERE content_id IS NOT NULL;
COMMENT ON TABLE media IS 'What mxc:// addresses stand for.';

CREATE TABLE media_usage (
    user_id     text COLLATE "C" PRIMARY KEY,
    byte_count  bigint NOT NULL DEFAULT 0,            -- of all a user's files that are there
    media_count bigint NOT NULL DEFAULT 0
);
COMMENT ON TABLE media_usage IS 'What users'' files come to, kept beside them in the same statements.';

CREATE TABLE media_thumbnail (
    content_id   bigint NOT NULL REFERENCES media_content,
    width        integer NOT NULL,                    -- as it was to be; smaller when the picture is
    height       integer NOT NULL,
    method       smallint NOT NULL,                   -- 0 scale, 1 crop
    is_animated  boolean NOT NULL,
    content_type text COLLATE "C" NOT NULL,
    object_key   text COLLATE "C" NOT NULL,
    byte_count   bigint NOT NULL,
    PRIMARY KEY (content_id, width, height, method, is_animated)
);
COMMENT ON TABLE media_thumbnail IS 'Small pictures of stored files, made when they were first asked for.';

CREATE TABLE media_garbage (
    object_key text COLLATE "C" PRIMARY KEY,
    due_at_ms  bigint NOT NULL                        -- before, it may be on its way into the store
);
CREATE INDEX media_garbage_due ON media_garbage (due_at_ms);
COMMENT ON TABLE media_garbage IS 'Objects to delete. Whatever is about to be stored is first written here, so that none is ever lost sight of.';

CREATE TABLE url_preview (
    url_hash      bytea PRIMARY KEY,                  -- SHA-256
    preview       bytea NOT NULL,                     -- JSON as clients get it
    expires_at_ms bigint NOT NULL
);
CREATE INDEX url_preview_expiry ON url_preview (expires_at_ms);
COMMENT ON TABLE url_preview IS 'What links were found to lead to.';

CREATE TABLE media_cache_usage (
    kind        smallint PRIMARY KEY,                 -- of the table media: 1 or 2
    byte_count  bigint NOT NULL,
    media_count bigint NOT NULL
);
COMMENT ON TABLE media_cache_usage IS 'What files that can be fetched again come to, kept beside them in the same statements.';

-- ── Threads that users follow (written by room-writer, in the user's shard) ──────────────────────────────────────

CREATE TABLE thread_subscription (
    user_id       text COLLATE "C" NOT NULL,
    room_id       text COLLATE "C" NOT NULL,
    root_id       text COLLATE "C" NOT NULL,          -- event_id of the thread's beginning
    is_subscribed boolean NOT NULL,
    is_automatic  boolean NOT NULL,                   -- subscribed by a client for what happened in the thread
    room_seq      bigint NOT NULL,                    -- how far the room was: nothing before subscribes again by itself
    shard         smallint NOT NULL,
    seq           bigint NOT NULL,
    PRIMARY KEY (user_id, room_id, root_id)
);
CREATE INDEX thread_subscription_position ON thread_subscription (user_id, seq);
COMMENT ON TABLE thread_subscription IS 'Which threads users want to hear of, and which no longer (MSC4306).';

-- ── Push (written by client workers and push workers) ────────────────────────────────────────────────────────────────

CREATE SEQUENCE pusher_stamp;

-- The stamp of a change of a pusher. Changes wait for each other's commits: whoever has read one has read all before it.
CREATE FUNCTION next_pusher_stamp() RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(1886745448);        -- "push" in ASCII
    RETURN nextval('pusher_stamp');
END $$;

CREATE TABLE pusher (
    pusher_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id       text COLLATE "C" NOT NULL,
    device_id     text COLLATE "C" NOT NULL,          -- whose token set it: it goes with the device
    app_id        text COLLATE "C" NOT NULL,
    pushkey       bytea NOT NULL,                     -- text; the address of mails
    kind          text COLLATE "C" NOT NULL,          -- http, email
    description   bytea NOT NULL,                     -- JSON of what clients see beside: names, language, profile tag
    data          bytea NOT NULL,                     -- JSON, the gateway's URL among it
    set_at_ms     bigint NOT NULL,
    gateway       text COLLATE "C" NOT NULL,          -- the URL's scheme, host and port; 'mailto:'
    part          smallint NOT NULL,                  -- which of the partitions, each leased to one push worker
    stamp         bigint NOT NULL DEFAULT next_pusher_stamp(), -- grows with every change
    badge         bigint NOT NULL DEFAULT 0,          -- how much is unread, as its gateway was told last
    failures      integer NOT NULL DEFAULT 0,         -- in a row
    due_at        timestamptz NOT NULL DEFAULT '-infinity', -- after a failure, when it is tried again; after a mail, the next
    mailed_at     timestamptz,
    mail_pause_s  double precision NOT NULL DEFAULT 0, -- how long was waited after the last mail
    UNIQUE (user_id, app_id, pushkey),
    FOREIGN KEY (user_id, device_id) REFERENCES device ON DELETE CASCADE
);
CREATE INDEX pusher_key ON pusher (app_id, pushkey);
CREATE INDEX pusher_part ON pusher (part, stamp);
COMMENT ON TABLE pusher IS 'Where users want to be notified. Set by client workers; push workers note failures and drop what a gateway rejects.';

CREATE TABLE push_delivery (
    pusher_id bigint NOT NULL REFERENCES pusher ON DELETE CASCADE,
    room_id   text COLLATE "C" NOT NULL,
    seq       bigint NOT NULL,                        -- the event's, in the order of its room's shard
    event_id  text COLLATE "C" NOT NULL,              -- '' to tell only how much is unread: something was read
    tweaks    bytea NOT NULL,                         -- JSON
    added_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (pusher_id, event_id)
);
COMMENT ON TABLE push_delivery IS 'Notifications on their way to gateways; a row goes when its gateway has it, or when it is too late. Written by push workers.';
