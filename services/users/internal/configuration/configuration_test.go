package configuration

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

func environmentWith(changes map[string]string) Lookup {
	values := map[string]string{
		"MYSQL_PRIMARY_ADDRESS": "primary:3306",
		"MYSQL_DATABASE":        "users",
		"MYSQL_USER":            "application",
		"MYSQL_PASSWORD":        "hush",
	}
	for name, value := range changes {
		values[name] = value
	}
	return func(name string) (string, bool) {
		value, found := values[name]
		return value, found
	}
}

func TestTheFourRequiredVariablesAreEnough(t *testing.T) {
	settings, err := Load(environmentWith(nil), "1.0.0", "abc")
	if err != nil {
		t.Fatal(err)
	}
	if settings.Server.Port != 8080 || settings.Server.DrainDuration != 3*time.Second || settings.Server.ShutdownTimeout != 15*time.Second || settings.Server.RateLimit != 0 {
		t.Errorf("server defaults: %+v", settings.Server)
	}
	if settings.Database.ReplicaAddress != "primary:3306" {
		t.Errorf("reads go to %q without a replica", settings.Database.ReplicaAddress)
	}
	if settings.Identity.Track != "stable" || settings.Identity.Version != "1.0.0" || settings.ExportTraces || settings.Database.Certificates != nil {
		t.Errorf("unexpected: %+v", settings)
	}
}

func TestTheEnvironmentWinsOverTheLinkedVersion(t *testing.T) {
	settings, err := Load(environmentWith(map[string]string{"SERVICE_VERSION": "2.0.0", "SERVICE_NAME": "people"}), "1.0.0", "abc")
	if err != nil {
		t.Fatal(err)
	}
	if settings.Identity.Version != "2.0.0" || settings.Consul.Key != "services/people/settings" {
		t.Errorf("version %q, key %q", settings.Identity.Version, settings.Consul.Key)
	}
}

func TestWhereThePrimaryMayMoveARequestLivesLongEnoughToSeeTheNextOne(t *testing.T) {
	for name, test := range map[string]struct {
		changes  map[string]string
		members  []string
		expected time.Duration
		silence  time.Duration
	}{
		"one primary":           {nil, nil, 5 * time.Second, 4 * time.Second},
		"a group":               {map[string]string{"MYSQL_MEMBER_ADDRESSES": "a:1, b:2,c:3,"}, []string{"a:1", "b:2", "c:3"}, 12 * time.Second, 1500 * time.Millisecond},
		"a group and a timeout": {map[string]string{"MYSQL_MEMBER_ADDRESSES": "a:1", "REQUEST_TIMEOUT_MILLISECONDS": "700"}, []string{"a:1"}, 700 * time.Millisecond, 1500 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			settings, err := Load(environmentWith(test.changes), "", "")
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(settings.Database.MemberAddresses, test.members) || settings.Database.PrimaryMoves() != (test.members != nil) || settings.Server.RequestTimeout != test.expected {
				t.Errorf("members %q, timeout %s", settings.Database.MemberAddresses, settings.Server.RequestTimeout)
			}
			if settings.Database.ReadTimeout != test.silence || settings.Database.WriteTimeout != test.silence {
				t.Errorf("a silent server is waited for %s and %s", settings.Database.ReadTimeout, settings.Database.WriteTimeout)
			}
		})
	}
}

func TestEveryBadVariableIsNamedInOneSentence(t *testing.T) {
	for name, value := range map[string]string{
		"MYSQL_PRIMARY_ADDRESS":      "primary",
		"MYSQL_REPLICA_ADDRESS":      "replica:99999",
		"MYSQL_MEMBER_ADDRESSES":     "one:3306,two",
		"MYSQL_DATABASE":             "",
		"MYSQL_USER":                 " ",
		"MYSQL_PASSWORD":             "",
		"MYSQL_CA_CERTIFICATE":       "not a certificate",
		"PORT":                       "0",
		"LOG_LEVEL":                  "loud",
		"RATE_LIMIT_PER_SECOND":      "NaN",
		"RATE_LIMIT_BURST":           "-1",
		"SHUTDOWN_DRAIN_SECONDS":     "soon",
		"CONSUL_HTTP_ADDR":           "127.0.0.1:8500",
		"MIGRATE_TIMEOUT_SECONDS":    "0",
		"MYSQL_MAX_OPEN_CONNECTIONS": "none",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Load(environmentWith(map[string]string{name: value}), "", "")
			if err == nil {
				t.Fatal("it was accepted")
			}
			if !strings.HasPrefix(err.Error(), name+" ") || strings.Count(err.Error(), "\n") > 0 || !strings.HasSuffix(err.Error(), ".") {
				t.Errorf("not one sentence about %s: %q", name, err)
			}
		})
	}
}

func TestAllMissingVariablesAreToldAtOnce(t *testing.T) {
	_, err := Load(func(string) (string, bool) { return "", false }, "", "")
	if err == nil {
		t.Fatal("an empty environment was accepted")
	}
	for _, name := range []string{"MYSQL_PRIMARY_ADDRESS", "MYSQL_DATABASE", "MYSQL_USER", "MYSQL_PASSWORD"} {
		if !strings.Contains(err.Error(), name+" is missing") {
			t.Errorf("%s is not named in %q", name, err)
		}
	}
}

func TestACertificateAsTextTurnsVerificationOn(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), IsCA: true, NotAfter: time.Now().Add(time.Hour)}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate})
	settings, err := Load(environmentWith(map[string]string{"MYSQL_CA_CERTIFICATE": string(text)}), "", "")
	if err != nil {
		t.Fatal(err)
	}
	if settings.Database.Certificates == nil {
		t.Error("the certificate was ignored")
	}
}

func TestNoFormatShowsThePassword(t *testing.T) {
	settings, err := Load(environmentWith(nil), "", "")
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(settings.Database.Password)
	if err != nil {
		t.Fatal(err)
	}
	for _, shown := range []string{fmt.Sprintf("%v %+v %#v %s %q", settings, settings, settings, settings.Database.Password, settings.Database.Password), string(text), settings.Database.Password.LogValue().String()} {
		if strings.Contains(shown, "hush") {
			t.Errorf("the password is in %q", shown)
		}
	}
	if settings.Database.Password.Reveal() != "hush" {
		t.Error("the database cannot get the password either")
	}
}

func TestWithoutValkeyNoRowIsAnsweredThatTheDatabaseWasNotAskedFor(t *testing.T) {
	settings, err := Load(environmentWith(nil), "1.0.0", "abc")
	if err != nil || settings.Cache.Unheard != 0 || settings.Cache.Address != "" || settings.Cache.MaximumStale != 10*time.Minute {
		t.Errorf("%+v, %v", settings.Cache, err)
	}
	settings, err = Load(environmentWith(map[string]string{"CACHE_ADDRESS": "cache:6379", "CACHE_PEER_ADDRESSES": "cache.west:6379", "CACHE_TLS": "true"}), "1.0.0", "abc")
	if err != nil || settings.Cache.Unheard != time.Second || settings.Cache.PeerAddresses[0] != "cache.west:6379" || !settings.Cache.TLS {
		t.Errorf("%+v, %v", settings.Cache, err)
	}
}

func TestThePasswordOfTheCacheIsReadFromItsFileEachTime(t *testing.T) {
	path := t.TempDir() + "/password"
	write := func(text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("first\n")
	settings, err := Load(environmentWith(map[string]string{"CACHE_PASSWORD_FILE": path}), "1.0.0", "abc")
	if err != nil || settings.Cache.Password() != "first" {
		t.Fatal(err)
	}
	write("second")
	if password := settings.Cache.Password(); password != "second" {
		t.Error(password)
	}
	if _, err := Load(environmentWith(map[string]string{"CACHE_PASSWORD_FILE": path + "x"}), "1.0.0", "abc"); err == nil || !strings.Contains(err.Error(), "CACHE_PASSWORD_FILE") {
		t.Error(err)
	}
}

func TestWithoutAKeyThereAreNoLogins(t *testing.T) {
	settings, err := Load(environmentWith(map[string]string{"TOKENS_ISSUER": "i"}), "", "")
	if err != nil || settings.Tokens != (Tokens{}) {
		t.Errorf("%+v, %v", settings.Tokens, err)
	}
}

func TestKeysComeFromFilesAndStaySecret(t *testing.T) {
	folder := t.TempDir()
	for name, text := range map[string]string{"key": "hush", "set": "public"} {
		if err := os.WriteFile(folder+"/"+name, []byte(text), 0o400); err != nil {
			t.Fatal(err)
		}
	}
	settings, err := Load(environmentWith(map[string]string{
		"TOKENS_ISSUER": "i", "TOKENS_AUDIENCE": "a", "TOKENS_LIFETIME_SECONDS": "60",
		"TOKENS_SIGNING_KEY_FILE": folder + "/key", "TOKENS_KEY_SET_FILE": folder + "/set",
	}), "", "")
	expected := Tokens{
		Issuer: "i", Audience: "a", SigningKey: "hush", KeySet: "public", Lifetime: time.Minute,
		SessionLifetime: 30 * 24 * time.Hour, AccountLimit: 5, AddressLimit: 30,
	}
	if err != nil || settings.Tokens != expected {
		t.Errorf("%+v, %v", settings.Tokens, err)
	}
	if text := fmt.Sprintf("%v %+v %#v", settings, settings, settings.Tokens); strings.Contains(text, "hush") {
		t.Error("the key can be printed")
	}
	_, err = Load(environmentWith(map[string]string{"TOKENS_SIGNING_KEY_FILE": folder + "/key", "TOKENS_KEY_SET_FILE": folder + "/none"}), "", "")
	for _, problem := range []string{"TOKENS_ISSUER is missing", "TOKENS_AUDIENCE is missing", "TOKENS_KEY_SET_FILE must name a file"} {
		if err == nil || !strings.Contains(err.Error(), problem) {
			t.Errorf("%s: %v", problem, err)
		}
	}
}
