package bus

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/setting"
)

func TestConfigDefaults(t *testing.T) {
	require.Equal(t, Config{
		Kind: KindEmbedded, TopicPrefix: "leakytap", Partitions: 4, Retention: setting.Duration(7 * 24 * time.Hour),
	}, Config{}.WithDefaults())
}

func TestConfigValidate(t *testing.T) {
	junk := filepath.Join(t.TempDir(), "junk.pem")
	require.NoError(t, os.WriteFile(junk, []byte("no certificate"), 0o600))
	kafka := Config{Kind: KindKafka, Brokers: []string{"kafka-1:9092"}}
	with := func(change func(c *Config)) Config {
		c := kafka
		change(&c)
		return c
	}
	tests := []struct {
		name string
		cfg  Config
		want []string // path: part of the message; a warning begins with !
	}{
		{name: "nothing written", cfg: Config{}},
		{name: "kafka with one broker", cfg: kafka},
		{name: "kafka over IPv6", cfg: with(func(c *Config) { c.Brokers = []string{"[::1]:9092", "10.0.0.7:9093"} })},
		{name: "unknown kind", cfg: Config{Kind: "rabbit"}, want: []string{`kind: "rabbit" is no kind of bus`}},
		{name: "embedded with what kafka needs", cfg: Config{Brokers: []string{"a:1"}, TLS: &TLS{}, SASL: &SASL{}, ReplicationFactor: 3}, want: []string{
			"brokers: is for kind: kafka", "tls: is for kind: kafka", "sasl: is for kind: kafka", "replication_factor: is for kind: kafka",
		}},
		{name: "no brokers", cfg: Config{Kind: KindKafka}, want: []string{"brokers: kafka needs at least one broker"}},
		{
			name: "broken brokers", cfg: with(func(c *Config) {
				c.Brokers = []string{"kafka", "kafka:0", "kafka:http", ":9092", "kafka://h:1", "a b:1"}
			}),
			want: []string{
				`brokers[0]: "kafka" is no broker`, `brokers[1]: "kafka:0" has no valid port`, `brokers[2]: "kafka:http" has no valid port`,
				`brokers[3]: ":9092" is no broker`, `brokers[4]: "kafka://h:1" is no broker`, `brokers[5]: "a b:1" is no broker`,
			},
		},
		{name: "broken prefix", cfg: with(func(c *Config) { c.TopicPrefix = "my topics" }), want: []string{`topic_prefix: "my topics" is no topic prefix`}},
		{name: "too long a prefix", cfg: with(func(c *Config) { c.TopicPrefix = strings.Repeat("p", 201) }), want: []string{"topic_prefix: "}},
		{name: "too many partitions", cfg: Config{Partitions: 257}, want: []string{"partitions: 257 is no number"}},
		{name: "negative partitions", cfg: Config{Partitions: -1}, want: []string{"partitions: -1 is no number"}},
		{name: "short retention", cfg: Config{Retention: setting.Duration(time.Second)}, want: []string{"retention: 1s is too short"}},
		{name: "negative replicas", cfg: with(func(c *Config) { c.ReplicationFactor = -1 }), want: []string{"replication_factor: -1 is no"}},
		{name: "a certificate without its key", cfg: with(func(c *Config) { c.TLS = &TLS{CertFile: "x.pem"} }), want: []string{"tls.cert_file: cert_file and key_file belong together"}},
		{name: "an authority that is none", cfg: with(func(c *Config) { c.TLS = &TLS{CAFile: junk} }), want: []string{"tls.ca_file: " + junk + " holds no PEM certificate"}},
		{name: "an authority that is not there", cfg: with(func(c *Config) { c.TLS = &TLS{CAFile: junk + "x"} }), want: []string{"tls.ca_file: open "}},
		{name: "a certificate that is none", cfg: with(func(c *Config) { c.TLS = &TLS{CertFile: junk, KeyFile: junk} }), want: []string{"tls.cert_file: reading the certificate"}},
		{name: "no user", cfg: with(func(c *Config) { c.SASL = &SASL{Mechanism: "kerberos"} }), want: []string{
			`sasl.mechanism: "kerberos" is no mechanism`, "sasl.username: sasl needs a username", "sasl.password: sasl needs a password",
		}},
		{name: "plain in the open", cfg: with(func(c *Config) { c.SASL = &SASL{Mechanism: "PLAIN", Username: "u", PasswordFile: "f"} }), want: []string{
			"!sasl.mechanism: plain without tls",
		}},
		{name: "plain encrypted", cfg: with(func(c *Config) { c.TLS = &TLS{}; c.SASL = &SASL{Mechanism: "plain", Username: "u", Password: "p"} })},
		{name: "scram", cfg: with(func(c *Config) { c.SASL = &SASL{Mechanism: "SCRAM-SHA-512", Username: "u", Password: "p"} })},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := tt.cfg.Validate()
			require.Len(t, got, len(tt.want), "%v", got)
			for i, p := range got {
				text := p.Error()
				if p.Warning {
					text = "!" + text
				}
				require.True(t, strings.HasPrefix(text, tt.want[i]), "%q must begin with %q", text, tt.want[i])
			}
		})
	}
}
