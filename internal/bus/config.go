package bus

import (
	"crypto/tls"
	"fmt"
	"net"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/leakytap/leakytap/internal/setting"
)

// The kinds of bus.
const (
	KindEmbedded = "embedded"
	KindKafka    = "kafka"
)

// The defaults of a Config.
const (
	DefaultTopicPrefix = "leakytap"
	DefaultPartitions  = 4
	DefaultRetention   = 7 * 24 * time.Hour
	// DefaultMaxBytes is how large the embedded log grows before messages that
	// every group has done go early.
	DefaultMaxBytes = 1 << 30
)

// maxPartitions bounds a mistake in the config, not the use.
const maxPartitions = 256

// Config is the `bus` part of the config file.
type Config struct {
	// Kind is embedded (a file in data_dir) or kafka.
	Kind string `yaml:"kind" json:"kind"`
	// Brokers are the host:port of some brokers of the cluster; the others are
	// learned from them.
	Brokers []string `yaml:"brokers" json:"brokers,omitempty"`
	// TopicPrefix begins the names of topics and consumer groups.
	TopicPrefix string `yaml:"topic_prefix" json:"topic_prefix,omitempty"`
	// TLS encrypts the connections to the brokers; `tls: {}` trusts the system's
	// certificates.
	TLS *TLS `yaml:"tls" json:"tls,omitempty"`
	// SASL is how the daemon proves who it is.
	SASL *SASL `yaml:"sasl" json:"sasl,omitempty"`
	// Partitions is how many partitions a topic gets when it is created. Changing
	// it later needs drained topics.
	Partitions int `yaml:"partitions" json:"partitions,omitempty"`
	// ReplicationFactor is how many brokers keep a topic that is created; 0 leaves
	// it to the cluster.
	ReplicationFactor int `yaml:"replication_factor" json:"replication_factor,omitempty"`
	// Retention is how long messages are kept. The embedded log never drops one
	// that a group has still to do.
	Retention setting.Duration `yaml:"retention" json:"retention,omitempty"`
}

// TLS says whom to trust and who we are.
type TLS struct {
	// CAFile is a PEM file of certificates that are trusted instead of the system's.
	CAFile string `yaml:"ca_file" json:"ca_file,omitempty"`
	// CertFile and KeyFile are our own certificate, where the brokers ask for one.
	CertFile string `yaml:"cert_file" json:"cert_file,omitempty"`
	KeyFile  string `yaml:"key_file" json:"key_file,omitempty"`
	// ServerName is the name in the brokers' certificates where it is not the host
	// that is dialled.
	ServerName string `yaml:"server_name" json:"server_name,omitempty"`
}

// SASL is a user and a password.
type SASL struct {
	// Mechanism is plain, scram-sha-256 or scram-sha-512.
	Mechanism    string         `yaml:"mechanism" json:"mechanism"`
	Username     string         `yaml:"username" json:"username"`
	Password     setting.Secret `yaml:"password" json:"password,omitempty"`
	PasswordFile string         `yaml:"password_file" json:"password_file,omitempty"`
}

// The SASL mechanisms.
const (
	SASLPlain       = "plain"
	SASLScramSHA256 = "scram-sha-256"
	SASLScramSHA512 = "scram-sha-512"
)

// WithDefaults fills in what is not written.
func (c Config) WithDefaults() Config {
	if c.Kind == "" {
		c.Kind = KindEmbedded
	}
	if c.TopicPrefix == "" {
		c.TopicPrefix = DefaultTopicPrefix
	}
	if c.Partitions == 0 {
		c.Partitions = DefaultPartitions
	}
	if c.Retention == 0 {
		c.Retention = setting.Duration(DefaultRetention)
	}
	return c
}

// topicPrefix leaves room for a topic's own name below Kafka's limit of 249.
var topicPrefix = regexp.MustCompile(`^[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}$`)

// Validate names every mistake of c.
func (c Config) Validate() []setting.Problem {
	c = c.WithDefaults()
	var ps []setting.Problem
	add := func(path, format string, args ...any) {
		ps = append(ps, setting.Problem{Path: path, Msg: fmt.Sprintf(format, args...)})
	}
	if c.Partitions < 1 || c.Partitions > maxPartitions {
		add("partitions", "%d is no number of partitions; write 1 to %d", c.Partitions, maxPartitions)
	}
	if r := c.Retention.D(); r < time.Minute {
		add("retention", "%s is too short to keep messages for; write at least 1m", c.Retention)
	}
	switch c.Kind {
	case KindEmbedded:
		for _, k := range []struct {
			path string
			set  bool
		}{{"brokers", len(c.Brokers) > 0}, {"tls", c.TLS != nil}, {"sasl", c.SASL != nil}, {"replication_factor", c.ReplicationFactor != 0}} {
			if k.set {
				add(k.path, "is for kind: kafka; the embedded bus needs no brokers")
			}
		}
	case KindKafka:
		ps = append(ps, c.validateKafka()...)
	default:
		add("kind", "%q is no kind of bus; write embedded or kafka", c.Kind)
	}
	return ps
}

func (c Config) validateKafka() []setting.Problem {
	var ps []setting.Problem
	add := func(path, format string, args ...any) {
		ps = append(ps, setting.Problem{Path: path, Msg: fmt.Sprintf(format, args...)})
	}
	if len(c.Brokers) == 0 {
		add("brokers", "kafka needs at least one broker; write brokers: [\"host:9092\"]")
	}
	for i, b := range c.Brokers {
		if err := checkBroker(b); err != nil {
			add(fmt.Sprintf("brokers[%d]", i), "%v", err)
		}
	}
	if !topicPrefix.MatchString(c.TopicPrefix) {
		add("topic_prefix", "%q is no topic prefix; use letters, digits, dots, - and _, at most 200", c.TopicPrefix)
	}
	if c.ReplicationFactor < 0 || c.ReplicationFactor > 100 {
		add("replication_factor", "%d is no replication factor; write 0 to 100, where 0 leaves it to the cluster", c.ReplicationFactor)
	}
	if c.TLS != nil {
		ps = append(ps, setting.Under("tls", c.TLS.validate())...)
	}
	if c.SASL != nil {
		ps = append(ps, setting.Under("sasl", c.SASL.validate(c.TLS != nil))...)
	}
	return ps
}

func checkBroker(b string) error {
	host, port, err := net.SplitHostPort(b)
	if err != nil || host == "" || strings.ContainsAny(b, "/ ") {
		return fmt.Errorf("%q is no broker; write host:port such as kafka-1:9092", b)
	}
	if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
		return fmt.Errorf("%q has no valid port; write host:port such as kafka-1:9092", b)
	}
	return nil
}

func (t *TLS) validate() []setting.Problem {
	var ps []setting.Problem
	if (t.CertFile == "") != (t.KeyFile == "") {
		ps = append(ps, setting.Problem{Path: "cert_file", Msg: "cert_file and key_file belong together; write both or neither"})
		return ps
	}
	if t.CAFile != "" {
		if _, err := t.pool(); err != nil {
			ps = append(ps, setting.Problem{Path: "ca_file", Msg: err.Error()})
		}
	}
	if t.CertFile != "" {
		if _, err := tls.LoadX509KeyPair(t.CertFile, t.KeyFile); err != nil {
			ps = append(ps, setting.Problem{Path: "cert_file", Msg: fmt.Sprintf("reading the certificate: %v", err)})
		}
	}
	return ps
}

func (s *SASL) validate(encrypted bool) []setting.Problem {
	var ps []setting.Problem
	switch strings.ToLower(s.Mechanism) {
	case SASLScramSHA256, SASLScramSHA512:
	case SASLPlain:
		if !encrypted {
			ps = append(ps, setting.Problem{Path: "mechanism", Warning: true, Msg: "plain without tls sends the password readable over the network; add tls: {} or use scram-sha-512"})
		}
	default:
		ps = append(ps, setting.Problem{Path: "mechanism", Msg: fmt.Sprintf("%q is no mechanism; write plain, scram-sha-256 or scram-sha-512", s.Mechanism)})
	}
	if s.Username == "" {
		ps = append(ps, setting.Problem{Path: "username", Msg: "sasl needs a username"})
	}
	if s.Password == "" && s.PasswordFile == "" {
		ps = append(ps, setting.Problem{Path: "password", Msg: "sasl needs a password or password_file"})
	}
	return ps
}
