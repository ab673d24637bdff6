// Package configuration turns the environment into one typed value. Nothing
// else in the service reads a variable.
package configuration

import (
	"crypto/x509"
	"errors"
	"log/slog"
	"os"
	"strings"
	"time"
)

// Identity says which instance of which service this is; it labels logs,
// metrics, traces and /version.
type Identity struct {
	Service  string `json:"service"`
	Version  string `json:"version"`
	Commit   string `json:"commit"`
	Region   string `json:"region"`
	Track    string `json:"track"`
	Instance string `json:"instance"`
}

// Database says where MySQL is and how much of it the service may use.
type Database struct {
	PrimaryAddress string
	// ReplicaAddress equals PrimaryAddress where a region has no replica.
	ReplicaAddress string
	// MemberAddresses are all members of a group whose primary may move; empty
	// where the primary stays at PrimaryAddress.
	MemberAddresses []string
	// PrimaryDatacenters are the Consul datacenters that know where it is.
	PrimaryDatacenters []string
	Name               string
	User               string
	Password           Secret
	// Certificates is nil where the connection is plain.
	Certificates *x509.CertPool

	MaximumOpenConnections    int
	MaximumIdleConnections    int
	ConnectionMaximumLifetime time.Duration
	DialTimeout               time.Duration
	ReadTimeout               time.Duration
	WriteTimeout              time.Duration
	// MigrationTimeout bounds the wait for a database that is still starting.
	MigrationTimeout time.Duration
	// StatementTimeout bounds one statement of a migration, and the wait for
	// another migration: a big table may take long to change, but a connection
	// that says nothing for longer is taken for dead.
	StatementTimeout time.Duration
}

// PrimaryMoves tells whether another member may become the primary by itself.
func (d Database) PrimaryMoves() bool { return len(d.MemberAddresses) > 0 }

// A failover takes six to eight seconds, and an ingress gives up after fifteen:
// where the primary may move, a request lives long enough to see the next one.
const (
	usualRequestTimeout    = 5_000
	failoverRequestTimeout = 12_000
)

// A server that is silent for this long is given up where another one may take
// over. Where there is no other, giving up early would only turn a slow disk
// into errors: a request waits nearly as long as it lives.
const (
	usualSilence    = 4_000
	failoverSilence = 1_500
)

// Server holds the limits of the HTTP server.
type Server struct {
	Port              int
	RequestTimeout    time.Duration
	MaximumBodyBytes  int
	DrainDuration     time.Duration
	ShutdownTimeout   time.Duration
	RateLimit         float64
	RateLimitBurst    int
	IdempotencyMemory time.Duration
}

// Consul says where the hot settings and the flags are; an empty Address turns them off.
type Consul struct {
	Address  string
	Token    Secret
	Key      string
	FlagsKey string
}

// Cache says what is kept of single rows, and where.
type Cache struct {
	// TTL is how old a row may be that is answered without asking the database; zero turns the cache off.
	TTL time.Duration
	// Unheard is the TTL in this process while no changes are heard of.
	Unheard      time.Duration
	MaximumStale time.Duration
	Patience     time.Duration
	LocalBytes   int
	// Address is the region's Valkey; empty where there is none.
	Address string
	// PeerAddresses are those of other regions, which are told of changes.
	PeerAddresses []string
	Password      func() string
	TLS           bool
	// Timeout is how long a request waits for Valkey.
	Timeout time.Duration
}

// Tokens says what a login is answered with; without a SigningKey there are no logins.
type Tokens struct {
	Issuer   string
	Audience string
	// SigningKey and KeySet are the private key and the public ones, as JSON (RFC 7517).
	SigningKey Secret
	KeySet     string
	// Lifetime is that of an access token, SessionLifetime the time from a login to the next one that is needed.
	Lifetime        time.Duration
	SessionLifetime time.Duration
	// AccountLimit and AddressLimit are tries to log in, in a minute.
	AccountLimit int
	AddressLimit int
}

// Without Valkey nobody tells of what another replica has written: a row is then
// known for when the database is away, and not answered otherwise.
const unheardWithValkey = 1_000

// Configuration is everything that the platform tells the service at start.
type Configuration struct {
	Identity Identity
	LogLevel slog.Level
	Server   Server
	Database Database
	Consul   Consul
	Cache    Cache
	Tokens   Tokens
	// FlagsFile keeps the last flags for a start without Consul; empty keeps none.
	FlagsFile string
	// ExportTraces is false without an OTLP endpoint: trace ids are still made
	// and passed on, only nobody collects them.
	ExportTraces bool
}

// Load reads the environment. version and commit are what the linker wrote
// into the binary; SERVICE_VERSION wins over the former. The error is one
// sentence for each variable that is missing or wrong.
func Load(lookup Lookup, version, commit string) (Configuration, error) {
	e := &environment{lookup: lookup}
	identity := LoadIdentity(lookup, version, commit)

	primary := e.address("MYSQL_PRIMARY_ADDRESS", e.required("MYSQL_PRIMARY_ADDRESS", "host:port of the primary MySQL server"))
	members := e.addresses("MYSQL_MEMBER_ADDRESSES")
	requestTimeout, silence := usualRequestTimeout, usualSilence
	if len(members) > 0 {
		requestTimeout, silence = failoverRequestTimeout, failoverSilence
	}
	cacheAddress := e.address("CACHE_ADDRESS", e.text("CACHE_ADDRESS", ""))
	unheard := 0
	if cacheAddress != "" {
		unheard = unheardWithValkey
	}
	configuration := Configuration{
		Identity: identity,
		LogLevel: e.level("LOG_LEVEL"),
		Server: Server{
			Port:              readPort(e),
			RequestTimeout:    e.milliseconds("REQUEST_TIMEOUT_MILLISECONDS", requestTimeout, 100, 60_000),
			MaximumBodyBytes:  e.integer("MAX_BODY_BYTES", 64<<10, 1<<10, 16<<20),
			DrainDuration:     e.seconds("SHUTDOWN_DRAIN_SECONDS", 3, 0, 300),
			ShutdownTimeout:   e.seconds("SHUTDOWN_TIMEOUT_SECONDS", 15, 1, 300),
			RateLimit:         e.number("RATE_LIMIT_PER_SECOND", 0),
			RateLimitBurst:    e.integer("RATE_LIMIT_BURST", 0, 0, 1_000_000),
			IdempotencyMemory: time.Duration(e.integer("IDEMPOTENCY_RETENTION_HOURS", 24, 1, 24*365)) * time.Hour,
		},
		Database: Database{
			PrimaryAddress:            primary,
			ReplicaAddress:            e.address("MYSQL_REPLICA_ADDRESS", e.text("MYSQL_REPLICA_ADDRESS", "")),
			MemberAddresses:           members,
			PrimaryDatacenters:        e.list("MYSQL_PRIMARY_DATACENTERS"),
			Name:                      e.required("MYSQL_DATABASE", "the name of the database"),
			User:                      e.required("MYSQL_USER", "the user that the service logs in as"),
			Password:                  e.secret("MYSQL_PASSWORD", "the password of MYSQL_USER"),
			Certificates:              e.certificates("MYSQL_CA_CERTIFICATE"),
			MaximumOpenConnections:    e.integer("MYSQL_MAX_OPEN_CONNECTIONS", 10, 1, 10_000),
			MaximumIdleConnections:    e.integer("MYSQL_MAX_IDLE_CONNECTIONS", 10, 0, 10_000),
			ConnectionMaximumLifetime: e.seconds("MYSQL_CONNECTION_MAX_LIFETIME_SECONDS", 300, 1, 86_400),
			DialTimeout:               e.milliseconds("MYSQL_DIAL_TIMEOUT_MILLISECONDS", 700, 50, 60_000),
			ReadTimeout:               e.milliseconds("MYSQL_READ_TIMEOUT_MILLISECONDS", silence, 50, 600_000),
			WriteTimeout:              e.milliseconds("MYSQL_WRITE_TIMEOUT_MILLISECONDS", silence, 50, 600_000),
			MigrationTimeout:          e.seconds("MIGRATE_TIMEOUT_SECONDS", 60, 1, 3_600),
			StatementTimeout:          e.seconds("MIGRATE_STATEMENT_TIMEOUT_SECONDS", 900, 1, 86_400),
		},
		Consul: Consul{
			Address:  e.webAddress("CONSUL_HTTP_ADDR"),
			Token:    Secret(e.text("CONSUL_HTTP_TOKEN", "")),
			Key:      "services/" + identity.Service + "/settings",
			FlagsKey: "flags/" + identity.Service,
		},
		Cache: Cache{
			TTL:           e.seconds("CACHE_TTL_SECONDS", 30, 0, 3_600),
			Unheard:       e.milliseconds("CACHE_UNHEARD_MILLISECONDS", unheard, 0, 60_000),
			MaximumStale:  e.seconds("CACHE_MAX_STALE_SECONDS", 600, 0, 86_400),
			Patience:      e.milliseconds("CACHE_PATIENCE_MILLISECONDS", 300, 10, 10_000),
			LocalBytes:    e.integer("CACHE_LOCAL_MIB", 8, 1, 4_096) << 20,
			Address:       cacheAddress,
			PeerAddresses: e.addresses("CACHE_PEER_ADDRESSES"),
			Password:      e.passwordOf("CACHE_PASSWORD"),
			TLS:           e.flag("CACHE_TLS"),
			Timeout:       e.milliseconds("CACHE_TIMEOUT_MILLISECONDS", 50, 5, 5_000),
		},
		FlagsFile:    e.text("FLAGS_FILE", ""),
		ExportTraces: e.text("OTEL_EXPORTER_OTLP_ENDPOINT", "") != "" || e.text("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "") != "",
	}
	if configuration.Database.ReplicaAddress == "" {
		configuration.Database.ReplicaAddress = primary
	}
	if key := e.fileText("TOKENS_SIGNING_KEY_FILE"); key != "" {
		configuration.Tokens = Tokens{
			Issuer:          e.required("TOKENS_ISSUER", "what tokens say of who has signed them"),
			Audience:        e.required("TOKENS_AUDIENCE", "what tokens say of whom they are for"),
			SigningKey:      Secret(key),
			KeySet:          e.fileText("TOKENS_KEY_SET_FILE"),
			Lifetime:        e.seconds("TOKENS_LIFETIME_SECONDS", 300, 30, 3_600),
			SessionLifetime: time.Duration(e.integer("SESSION_LIFETIME_HOURS", 24*30, 1, 24*365)) * time.Hour,
			AccountLimit:    e.integer("LOGIN_LIMIT_PER_MINUTE", 5, 1, 60),
			AddressLimit:    e.integer("LOGIN_ADDRESS_LIMIT_PER_MINUTE", 30, 1, 6_000),
		}
	}
	if len(e.problems) > 0 {
		return Configuration{}, errors.New(strings.Join(e.problems, " "))
	}
	return configuration, nil
}

// LoadIdentity never fails: even the complaint about a missing variable should
// say which service makes it.
func LoadIdentity(lookup Lookup, version, commit string) Identity {
	e := &environment{lookup: lookup}
	instance := e.text("INSTANCE_ID", "")
	if instance == "" {
		instance, _ = os.Hostname()
	}
	return Identity{
		Service:  e.text("SERVICE_NAME", "users"),
		Version:  e.text("SERVICE_VERSION", version),
		Commit:   commit,
		Region:   e.text("REGION", "local"),
		Track:    e.text("TRACK", "stable"),
		Instance: instance,
	}
}

// LoadPort reads only PORT, for the health command that needs no database.
func LoadPort(lookup Lookup) (int, error) {
	e := &environment{lookup: lookup}
	port := readPort(e)
	if len(e.problems) > 0 {
		return 0, errors.New(strings.Join(e.problems, " "))
	}
	return port, nil
}

// readPort is shared by the server and by the health command, which must agree.
func readPort(e *environment) int { return e.integer("PORT", 8080, 1, 65_535) }
