package app

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"sync/atomic"

	"github.com/leakytap/leakytap/internal/config"
	"github.com/leakytap/leakytap/internal/ingest"
	"github.com/leakytap/leakytap/internal/ingest/rss"
	"github.com/leakytap/leakytap/internal/setting"
)

// buildSources makes what ingest runs, and points the webhooks' requests at theirs.
func (d *Daemon) buildSources(cfg *config.Config) ([]ingest.Spec, error) {
	if !d.opt.Roles.Has(RoleIngest) {
		return nil, nil
	}
	specs := make([]ingest.Spec, 0, len(cfg.Sources))
	handlers := map[string]http.Handler{}
	for i := range cfg.Sources {
		c := cfg.Sources[i]
		src, err := d.source(c, cfg)
		if err != nil {
			return nil, fmt.Errorf("source %s: %w", c.Name, err)
		}
		spec := ingest.Spec{
			Name: c.Name, Type: c.Type, Poll: c.Poll.D(), MaxAge: c.MaxAge.D(), Source: src,
			Fingerprint: fingerprint(c, c.Token, c.Password, c.SigningSecret),
		}
		specs = append(specs, spec)
	}
	d.hooks.set(handlers)
	return specs, nil
}

// source makes one source: the one switch on its type.
func (d *Daemon) source(c ingest.Config, _ *config.Config) (ingest.Source, error) {
	switch c.Type {
	case ingest.TypeRSS:
		return rss.New(c, d.out, d.parser)
	default:
		return nil, fmt.Errorf("type %q is not there yet", c.Type)
	}
}

// fingerprint tells two configs apart, their secrets included, without showing them.
func fingerprint(v any, secrets ...setting.Secret) string {
	h := sha256.New()
	b, err := json.Marshal(v)
	if err != nil {
		b = fmt.Appendf(nil, "%#v", v)
	}
	_, _ = h.Write(b)
	for _, s := range secrets {
		_, _ = fmt.Fprintf(h, "\x00%d:", len(s))
		_, _ = h.Write([]byte(s.Reveal()))
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// hooks sends a request to the webhook source that it names.
type hooks struct {
	handlers atomic.Pointer[map[string]http.Handler]
}

func newHooks() *hooks { return &hooks{} }

// set replaces the handlers.
func (h *hooks) set(m map[string]http.Handler) { h.handlers.Store(&m) }

// ServeHTTP finds the source of POST /api/v1/ingest/{source}.
func (h *hooks) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if m := h.handlers.Load(); m != nil {
		if handler, ok := (*m)[r.PathValue("source")]; ok {
			handler.ServeHTTP(w, r)
			return
		}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusNotFound)
	_, _ = w.Write([]byte(`{"error":{"code":"not_found","message":"no webhook source of that name is configured"}}` + "\n"))
}

// buildReceivers makes the receivers of a config.
func (d *Daemon) buildReceivers(cfg *config.Config) ([]wantedDrain, error) {
	if !d.opt.Roles.Has(RoleAlert) {
		return nil, nil
	}
	out := make([]wantedDrain, 0, len(cfg.Receivers))
	for i := range cfg.Receivers {
		c := cfg.Receivers[i]
		r, err := NewReceiver(&c, d.out, d.opt.Console)
		if err != nil {
			return nil, err
		}
		w := wantedDrain{cfg: c, receiver: r, fingerprint: fingerprint(c)}
		if c.Slack != nil {
			w.fingerprint = fingerprint(c, c.Slack.Token, c.Slack.SigningSecret, c.Slack.AppToken)
		}
		out = append(out, w)
	}
	return out, nil
}
