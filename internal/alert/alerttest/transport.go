package alerttest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/leakytap/leakytap/internal/alert"
	"github.com/leakytap/leakytap/internal/record"
)

// short is how long a call waits at a place that does not answer.
const short = 400 * time.Millisecond

// transports breaks the connection in every way there is.
func (p Place) transports(t *testing.T) {
	for _, tc := range []struct {
		name    string
		base    func(t *testing.T) string
		timeout time.Duration
		want    Want
	}{
		{"nobody listens", closed, 10 * time.Second, Want{Reason: alert.ReasonRefused, Kind: alert.FailRetry}},
		{"no such name", func(*testing.T) string { return "http://receiver.example" }, 10 * time.Second, Want{Reason: alert.ReasonDNS, Kind: alert.FailRetry}},
		{"a certificate of nobody", untrusted, 10 * time.Second, Want{Reason: alert.ReasonTLS, Kind: alert.FailRetry}},
		{"no answer", hanging, short, Want{Reason: alert.ReasonTimeout, Kind: alert.FailAmbiguous}},
		{"cut before the answer", reset, 10 * time.Second, Want{Reason: alert.ReasonReset, Kind: alert.FailAmbiguous}},
		{"cut inside the header", raw("HTTP/1.1 200 OK\r\nContent-Le"), 10 * time.Second, Want{Reason: alert.ReasonTruncated, Kind: alert.FailAmbiguous}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := p.receiver(t, tc.base(t), tc.timeout, nowhere()).Post(t.Context(), Message(record.NoticeCard, record.StateOpen))
			_ = Check(t, err, tc.want, p.Secrets...)
		})
	}
	for name, base := range map[string]func(t *testing.T) string{
		"cut inside the body":   raw("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"),
		"a body without end":    endless,
		"a body that hangs":     stuck,
		"a body that is no use": raw("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>"),
	} {
		t.Run(name, func(t *testing.T) {
			rc, err := p.receiver(t, base(t), short, nil).Post(t.Context(), Message(record.NoticeCard, record.StateOpen))
			if !p.WholeAnswer {
				require.NoError(t, err, "the status has said it")
				require.NotEmpty(t, rc.TS)
				return
			}
			var e *alert.SendError
			require.ErrorAs(t, err, &e)
			require.Equal(t, alert.FailAmbiguous, e.Kind)
			Silent(t, err, p.Secrets...)
		})
	}
	t.Run("the daemon ends", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := p.receiver(t, serve(t, p.Taken), 10*time.Second, nil).Post(ctx, Message(record.NoticeCard, record.StateOpen))
		require.Error(t, err)
		Silent(t, err, p.Secrets...)
	})
}

// Silent checks that neither the error nor what is inside it shows a secret.
func Silent(t *testing.T, err error, secrets ...string) {
	t.Helper()
	for _, s := range secrets {
		require.NotEmpty(t, s)
		for e := err; e != nil; e = errors.Unwrap(e) {
			require.NotContains(t, fmt.Sprintf("%v %+v %q", e, e, e.Error()), s)
		}
		if se, ok := errors.AsType[*alert.SendError](err); ok {
			require.NotContains(t, se.Hint, s)
		}
	}
}

// nowhere is a resolver that knows no name.
func nowhere() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		return nil, errors.New("there is no name server")
	}}
}

func closed(t *testing.T) string {
	t.Helper()
	s := httptest.NewServer(http.NotFoundHandler())
	s.Close()
	return s.URL
}

func untrusted(t *testing.T) string {
	t.Helper()
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.Config.ErrorLog = zap.NewStdLog(zap.NewNop())
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.URL
}

func hanging(t *testing.T) string {
	t.Helper()
	ended := make(chan struct{})
	base := serve(t, func(_ http.ResponseWriter, req *http.Request) {
		select {
		case <-req.Context().Done():
		case <-ended:
		}
	})
	t.Cleanup(func() { close(ended) }) // before the server closes, which waits for its handlers
	return base
}

func reset(t *testing.T) string {
	t.Helper()
	return serve(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
}

// raw answers with bytes and hangs up.
func raw(answer string) func(t *testing.T) string {
	return func(t *testing.T) string {
		t.Helper()
		return serve(t, func(w http.ResponseWriter, req *http.Request) {
			_, _ = io.Copy(io.Discard, req.Body)
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				return
			}
			_, _ = conn.Write([]byte(answer))
			_ = conn.Close()
		})
	}
}

func endless(t *testing.T) string {
	t.Helper()
	return serve(t, func(w http.ResponseWriter, req *http.Request) {
		for req.Context().Err() == nil {
			if _, err := w.Write([]byte(strings.Repeat(" ", 32<<10))); err != nil {
				return
			}
		}
	})
}

func stuck(t *testing.T) string {
	t.Helper()
	ended := make(chan struct{})
	base := serve(t, func(w http.ResponseWriter, req *http.Request) {
		_, _ = w.Write([]byte("{"))
		_ = http.NewResponseController(w).Flush()
		select {
		case <-req.Context().Done():
		case <-ended:
		}
	})
	t.Cleanup(func() { close(ended) })
	return base
}
