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
	"github.com/leakytap/leakytap/internal/ingest/bluesky"
	"github.com/leakytap/leakytap/internal/ingest/file"
	"github.com/leakytap/leakytap/internal/ingest/hackernews"
	"github.com/leakytap/leakytap/internal/ingest/rss"
	"github.com/leakytap/leakytap/internal/ingest/webhook"
	"github.com/leakytap/leakytap/internal/setting"
	"github.com/leakytap/leakytap/internal/web"
)

// buildSources makes what ingest runs. The webhooks among them come back by name,
// for the requests that name them.
func (d *Daemon) buildSources(cfg *config.Config) ([]ingest.Spec, map[string]hook, error) {
	if !d.opt.Roles.Has(RoleIngest) {
		return nil, nil, nil
	}
	specs := make([]ingest.Spec, 0, len(cfg.Sources))
	hooks := map[string]hook{}
	for i := range cfg.Sources {
		c := cfg.Sources[i]
		spec := ingest.Spec{
			Name: c.Name, Type: c.Type, Poll: c.Poll.D(), MaxAge: c.MaxAge.D(),
			Fingerprint: fingerprint(c, c.Token, c.Password, c.SigningSecret),
		}
		if old, ok := d.hooks.get(c.Name); ok && old.fingerprint == spec.Fingerprint {
			// The running one is left alone, so requests must go on to it.
			spec.Source, hooks[c.Name] = old.source, old
			specs = append(specs, spec)
			continue
		}
		src, err := d.source(c, web.Loopback(cfg.Server.Listen) || cfg.Server.Auth.On())
		if err != nil {
			return nil, nil, fmt.Errorf("source %s: %w", c.Name, err)
		}
		if w, ok := src.(*webhook.Source); ok {
			hooks[c.Name] = hook{w, spec.Fingerprint, c.Token != "" || c.SigningSecret != ""}
		}
		spec.Source = src
		specs = append(specs, spec)
	}
	return specs, hooks, nil
}

// source makes one source: the one switch on its type.
// A webhook without a token of its own is open where nobody else can reach it, and
// where the server asks for a login first.
func (d *Daemon) source(c ingest.Config, open bool) (ingest.Source, error) {
	switch c.Type {
	case ingest.TypeRSS:
		return rss.New(c, d.out, d.parser)
	case ingest.TypeBluesky:
		return bluesky.New(c, d.out)
	case ingest.TypeHackerNews:
		return hackernews.New(c, d.out)
	case ingest.TypeWebhook:
		return webhook.New(c, open)
	case ingest.TypeFile:
		return file.New(c)
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
	byName atomic.Pointer[map[string]hook]
}

// hook is a webhook source and the config that it was made of.
type hook struct {
	source      *webhook.Source
	fingerprint string
	guarded     bool
}

// set replaces the webhooks.
func (h *hooks) set(m map[string]hook) { h.byName.Store(&m) }

func (h *hooks) get(name string) (hook, bool) {
	m := h.byName.Load()
	if m == nil {
		return hook{}, false
	}
	found, ok := (*m)[name]
	return found, ok
}

// guarded reports whether a webhook asks for a token of its own.
func (h *hooks) guarded(name string) bool {
	found, ok := h.get(name)
	return ok && found.guarded
}

// ServeHTTP finds the source of POST /api/v1/ingest/{source}.
func (h *hooks) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if found, ok := h.get(r.PathValue("source")); ok {
		found.source.ServeHTTP(w, r)
		return
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
		out = append(out, wantedDrain{cfg: c, receiver: r, fingerprint: fingerprint(c, c.Secrets()...)})
	}
	return out, nil
}
