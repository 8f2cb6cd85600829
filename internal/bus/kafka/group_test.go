package kafka

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/leakytap/leakytap/internal/bus"
)

// tally counts what the members of a group took, and watches the order of each
// key, repeats left out.
type tally struct {
	mu    sync.Mutex
	times map[string]int
	last  map[string]int
	wrong []string
}

func (ta *tally) handle(_ context.Context, batch []bus.Message) error {
	ta.mu.Lock()
	defer ta.mu.Unlock()
	for _, m := range batch {
		ta.times[string(m.Value)]++
		if ta.times[string(m.Value)] > 1 {
			continue
		}
		var n int
		if _, err := fmt.Sscanf(string(m.Value), m.Key+".%d", &n); err != nil {
			ta.wrong = append(ta.wrong, err.Error())
			continue
		}
		if n != ta.last[m.Key]+1 {
			ta.wrong = append(ta.wrong, fmt.Sprintf("%s came after %s.%d", m.Value, m.Key, ta.last[m.Key]))
		}
		ta.last[m.Key] = n
	}
	return nil
}

func (ta *tally) count() int {
	ta.mu.Lock()
	defer ta.mu.Unlock()
	return len(ta.times)
}

// storm has members of one group come and go while messages flow, and then
// checks that none was lost and none overtook another of its key.
func storm(t *testing.T, cfg bus.Config, rounds int) {
	t.Helper()
	cfg.Kind = bus.KindKafka
	b, err := Open(t.Context(), cfg, Options{})
	require.NoError(t, err)
	defer func() { require.NoError(t, b.Close()) }()
	ta := &tally{times: map[string]int{}, last: map[string]int{}}
	ctx, cancel := context.WithCancel(t.Context())
	var published int
	var publisher sync.WaitGroup
	publisher.Go(func() {
		for n := 1; ctx.Err() == nil; n++ {
			var msgs []bus.Message
			for k := range 20 {
				key := fmt.Sprintf("k%d", k)
				msgs = append(msgs, bus.Message{Key: key, Value: fmt.Appendf(nil, "%s.%d", key, n)})
			}
			// Without ctx: a publish whose outcome is not known would count neither way.
			if err := b.Publish(context.WithoutCancel(ctx), "x", msgs...); err != nil {
				t.Error(err)
				return
			}
			published += len(msgs)
		}
	})
	steady := consume(t, b, "x", "g", ta.handle)
	for range rounds {
		var members []func()
		for range 2 {
			members = append(members, consume(t, b, "x", "g", ta.handle))
		}
		before := ta.count()
		require.Eventually(t, func() bool { return ta.count() > before+100 }, time.Minute, 5*time.Millisecond, "messages flow during a rebalance")
		for _, stop := range members {
			stop()
		}
	}
	cancel()
	publisher.Wait()
	require.Eventually(t, func() bool { return ta.count() == published }, time.Minute, 10*time.Millisecond,
		"%d of %d messages came", ta.count(), published)
	steady()
	lag, err := b.Lag(t.Context(), "x", "g")
	require.NoError(t, err)
	require.Zero(t, lag)
	ta.mu.Lock()
	defer ta.mu.Unlock()
	require.Empty(t, ta.wrong)
}

func TestRebalancesLoseNothing(t *testing.T) {
	storm(t, bus.Config{Brokers: fake(t).ListenAddrs()}, 4)
}

func TestRebalancesLoseNothingOnKafka(t *testing.T) {
	brokers := realBrokers(t)
	storm(t, bus.Config{Brokers: brokers, TopicPrefix: prefix(t, fmt.Sprintf("%x", time.Now().UnixNano()))}, 4)
}

func TestSlowHandlerKeepsItsPartitionWhileAnotherJoins(t *testing.T) {
	c := fake(t)
	b := onFake(t, c, Options{})
	require.NoError(t, b.Publish(t.Context(), "x", numbered("k", 0, 1)...))
	started, gate := make(chan struct{}), make(chan struct{})
	var slow, other collector
	var once sync.Once
	consume(t, b, "x", "g", func(ctx context.Context, batch []bus.Message) error {
		once.Do(func() { close(started) })
		<-gate
		return slow.handle(ctx, batch)
	})
	<-started
	consume(t, b, "x", "g", other.handle)
	// The second member waits in the join for the first to finish and commit.
	select {
	case <-time.After(2 * heartbeatInterval):
	case <-t.Context().Done():
	}
	require.Empty(t, other.values())
	close(gate)
	require.Equal(t, []string{"0"}, slow.wait(t, 1))
	require.NoError(t, b.Publish(t.Context(), "x", numbered("k", 1, 1)...))
	require.Eventually(t, func() bool { return len(slow.values())+len(other.values()) >= 2 }, time.Minute, 5*time.Millisecond)
	require.ElementsMatch(t, []string{"0", "1"}, append(slow.values(), other.values()...), "what was done during the rebalance does not come again")
}

func TestTopicsAreMadeAsConfigured(t *testing.T) {
	c := fake(t)
	b, err := Open(t.Context(), bus.Config{Kind: bus.KindKafka, Brokers: c.ListenAddrs(), TopicPrefix: "acme.tap", Partitions: 7}, Options{})
	require.NoError(t, err)
	defer func() { require.NoError(t, b.Close()) }()
	require.NoError(t, b.Publish(t.Context(), bus.TopicMentions, bus.Message{Key: "k"}))
	parts, err := b.partitions(t.Context(), "acme.tap.mentions")
	require.NoError(t, err)
	require.Len(t, parts, 7)
	require.ErrorContains(t, b.Consume(t.Context(), "x", "", nil), "a group needs a name")
}

// authority makes a throw-away CA and a certificate for 127.0.0.1, in files.
func authority(t *testing.T) (ca, cert, key string, server tls.Certificate) {
	t.Helper()
	dir := t.TempDir()
	write := func(name, kind string, der []byte) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
		return path
	}
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	caCert := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	caDER, err := x509.CreateCertificate(rand.Reader, caCert, caCert, &caKey.PublicKey, caKey)
	require.NoError(t, err)
	leafKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "broker"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	leafDER, err := x509.CreateCertificate(rand.Reader, leaf, caCert, &leafKey.PublicKey, caKey)
	require.NoError(t, err)
	keyDER, err := x509.MarshalECPrivateKey(leafKey)
	require.NoError(t, err)
	ca, cert, key = write("ca.pem", "CERTIFICATE", caDER), write("cert.pem", "CERTIFICATE", leafDER), write("key.pem", "EC PRIVATE KEY", keyDER)
	server, err = tls.LoadX509KeyPair(cert, key)
	require.NoError(t, err)
	return ca, cert, key, server
}

func TestTLSAndSASL(t *testing.T) {
	ca, cert, key, server := authority(t)
	pool := x509.NewCertPool()
	raw, err := os.ReadFile(ca)
	require.NoError(t, err)
	require.True(t, pool.AppendCertsFromPEM(raw))
	c := fake(t,
		kfake.TLS(&tls.Config{Certificates: []tls.Certificate{server}, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert, MinVersion: tls.VersionTLS12}),
		kfake.EnableSASL(),
		kfake.Superuser("PLAIN", "tap", "secret"),
		kfake.Superuser("SCRAM-SHA-256", "tap256", "secret"),
		kfake.Superuser("SCRAM-SHA-512", "tap512", "secret"))
	good := &bus.TLS{CAFile: ca, CertFile: cert, KeyFile: key}
	for _, s := range []*bus.SASL{
		{Mechanism: "plain", Username: "tap", Password: "secret"},
		{Mechanism: "SCRAM-SHA-256", Username: "tap256", Password: "secret"},
		{Mechanism: "scram-sha-512", Username: "tap512", Password: "secret"},
	} {
		t.Run(s.Mechanism, func(t *testing.T) {
			b := openBus(t, bus.Config{Brokers: c.ListenAddrs(), TopicPrefix: strings.ToLower(s.Mechanism), TLS: good, SASL: s})
			defer func() { require.NoError(t, b.Close()) }()
			require.NoError(t, b.Publish(t.Context(), "x", numbered("k", 0, 2)...))
			var r collector
			stop := consume(t, b, "x", "g", r.handle)
			require.Equal(t, []string{"0", "1"}, r.wait(t, 2))
			stop()
		})
	}
	bad := []struct {
		name string
		tls  *bus.TLS
		sasl *bus.SASL
	}{
		{"wrong password", good, &bus.SASL{Mechanism: "scram-sha-256", Username: "tap256", Password: "guess"}},
		{"no password", good, nil},
		{"an authority that is not ours", &bus.TLS{CertFile: cert, KeyFile: key}, &bus.SASL{Mechanism: "plain", Username: "tap", Password: "secret"}},
		{"no certificate", &bus.TLS{CAFile: ca}, &bus.SASL{Mechanism: "plain", Username: "tap", Password: "secret"}},
		{"no encryption", nil, &bus.SASL{Mechanism: "plain", Username: "tap", Password: "secret"}},
		{"another name", &bus.TLS{CAFile: ca, CertFile: cert, KeyFile: key, ServerName: "kafka.example"}, &bus.SASL{Mechanism: "plain", Username: "tap", Password: "secret"}},
	}
	for _, tt := range bad {
		t.Run(tt.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			_, err := Open(ctx, bus.Config{Kind: bus.KindKafka, Brokers: c.ListenAddrs(), TLS: tt.tls, SASL: tt.sasl}, Options{})
			require.Error(t, err)
			require.NotContains(t, err.Error(), "guess")
			require.NotContains(t, err.Error(), "secret")
		})
	}
}

// TestOutageOnKafka stops a real broker while messages flow and starts it again.
// The broker is its own, so that other tests keep theirs.
func TestOutageOnKafka(t *testing.T) {
	realBrokers(t)
	script, err := filepath.Abs("../../../scripts/kafka/kafka")
	require.NoError(t, err)
	dir := t.TempDir()
	server := func(what string) string {
		out, err := exec.Command(script, what, dir).Output()
		require.NoError(t, err)
		return strings.TrimSpace(string(out))
	}
	brokers, ok := strings.CutPrefix(server("start"), "brokers=")
	require.True(t, ok)
	t.Cleanup(func() { server("stop") })

	b := openBus(t, bus.Config{Brokers: []string{brokers}})
	defer func() { require.NoError(t, b.Close()) }()
	ta := &tally{times: map[string]int{}, last: map[string]int{}}
	stop := consume(t, b, "x", "g", ta.handle)
	ctx, cancel := context.WithCancel(t.Context())
	published := 0
	var publisher sync.WaitGroup
	publisher.Go(func() {
		for n := 1; ctx.Err() == nil; n++ {
			msgs := make([]bus.Message, 10)
			for k := range msgs {
				key := fmt.Sprintf("k%d", k)
				msgs[k] = bus.Message{Key: key, Value: fmt.Appendf(nil, "%s.%d", key, n)}
			}
			for b.Publish(context.WithoutCancel(ctx), "x", msgs...) != nil {
				if t.Failed() {
					return
				}
			}
			published += len(msgs)
		}
	})
	wait := func(n int) {
		t.Helper()
		require.Eventually(t, func() bool { return ta.count() >= n }, 2*time.Minute, 20*time.Millisecond)
	}
	wait(200)
	server("stop")
	require.Error(t, b.Ping(t.Context()), "the outage must be one")
	before := ta.count()
	require.Equal(t, "brokers="+brokers, server("start"), "it comes back under its port")
	wait(before + 500)
	cancel()
	publisher.Wait()
	wait(published)
	stop()
	lag, err := b.Lag(t.Context(), "x", "g")
	require.NoError(t, err)
	require.Zero(t, lag)
	ta.mu.Lock()
	defer ta.mu.Unlock()
	require.Empty(t, ta.wrong)
}

// BenchmarkOnKafka measures messages of 1 kB through a real broker, in tens from
// eight callers, until all in-sync replicas have them.
func BenchmarkOnKafka(b *testing.B) {
	brokers := os.Getenv(brokersEnv)
	if brokers == "" {
		b.Skip("needs a real Kafka: run make test-kafka, or set " + brokersEnv)
	}
	log := openBus(b, bus.Config{Brokers: strings.Split(brokers, ","), TopicPrefix: fmt.Sprintf("bench%x", time.Now().UnixNano())})
	defer func() { require.NoError(b, log.Close()) }()
	msgs := make([]bus.Message, 10)
	for i := range msgs {
		msgs[i] = bus.Message{Key: fmt.Sprintf("acme %d", i), Value: make([]byte, 1000)}
	}
	require.NoError(b, log.Publish(b.Context(), "x", msgs...))
	b.SetParallelism(4)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := log.Publish(b.Context(), "x", msgs...); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N*len(msgs))/b.Elapsed().Seconds(), "msgs/s")
}
