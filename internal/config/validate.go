package config

import (
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/leakytap/leakytap/internal/alert"
	"github.com/leakytap/leakytap/internal/ingest"
	"github.com/leakytap/leakytap/internal/setting"
	"github.com/leakytap/leakytap/internal/web"
)

// validate asks every part about its own Config, then looks at what no part can know alone.
// It runs before defaults fill in what is not written.
func (c *Config) validate() []Problem {
	v := &validation{c: c}
	if strings.TrimSpace(c.DataDir) == "" {
		v.add("data_dir", "is empty; write the folder for the daemon's files, such as ./data")
	}
	v.part("server", c.Server.Validate())
	v.part("bus", c.Bus.Validate())
	v.part("store", c.Store.Validate())
	v.part("http", c.HTTP.Validate())
	v.part("score", c.Score.Validate())
	v.sources()
	v.receivers()
	v.listeners()
	v.heartbeat()
	v.brands()
	return c.marks.locateAll(v.problems)
}

type validation struct {
	c        *Config
	problems []setting.Problem
}

func (v *validation) add(path, format string, args ...any) {
	v.problems = append(v.problems, setting.Problem{Path: path, Msg: fmt.Sprintf(format, args...)})
}

func (v *validation) warn(path, format string, args ...any) {
	v.problems = append(v.problems, setting.Problem{Path: path, Msg: fmt.Sprintf(format, args...), Warning: true})
}

func (v *validation) part(path string, ps []setting.Problem) {
	v.problems = append(v.problems, setting.Under(path, ps)...)
}

func (v *validation) sources() {
	seen := map[string]int{}
	for i, s := range v.c.Sources {
		at := indexPath("sources", i)
		v.part(at, s.Validate())
		if first, ok := seen[s.Name]; ok && s.Name != "" {
			v.add(at+".name", "another source is named %q, %s", s.Name, indexPath("sources", first))
		} else {
			seen[s.Name] = i
		}
		open := s.Token == "" && s.TokenFile == "" && s.SigningSecret == "" && s.SigningSecretFile == ""
		if s.Type == ingest.TypeWebhook && open && !web.Loopback(v.c.Server.Listen) {
			v.warn(at, "the webhook has no token of its own, and %s can be reached from the network: its senders need a login of the API", v.c.Server.Listen)
		}
	}
}

func (v *validation) receivers() {
	v.part("receivers", alert.ValidateReceivers(v.c.Receivers))
	var names []string
	for _, r := range v.c.Receivers {
		if r.Name != "" {
			names = append(names, r.Name)
		}
	}
	if len(v.c.Receivers) == 0 {
		names = []string{"console"}
	}
	route := v.c.Route
	if route.Receiver == "" && len(names) == 1 {
		route.Receiver = names[0] // the only one there is
	}
	v.part("route", route.Validate(names, v.c.TimeIntervals...))
	v.part("time_intervals", alert.ValidateIntervals(v.c.TimeIntervals))
	v.part("inhibit_rules", alert.ValidateInhibit(v.c.InhibitRules, v.c.TimeIntervals...))
	for _, r := range [][2]string{{"ops_receiver", v.c.OpsReceiver}, {"sample_receiver", v.c.SampleReceiver}} {
		if r[1] == "" || slices.Contains(names, r[1]) {
			continue
		}
		hint := "there are " + strings.Join(names, ", ")
		if near := setting.Nearest(r[1], names); near != "" {
			hint = "did you mean " + near + "?"
		}
		v.add(r[0], "there is no receiver called %q; %s", r[1], hint)
	}
	v.brandReceivers(names)
	v.routeNames("route", &v.c.Route, 0)
}

// routeNames warns of brands and sources that a route waits for and that do not exist.
func (v *validation) routeNames(path string, r *alert.Route, depth int) {
	if depth > 16 {
		return
	}
	for _, b := range r.Match.Brand {
		if !slices.ContainsFunc(v.c.Units, func(u BrandUnit) bool { return u.Name == b }) {
			v.warn(path+".match.brand", "no brand is named %q", b)
		}
	}
	for _, s := range r.Match.Source {
		if !slices.ContainsFunc(v.c.Sources, func(src ingest.Config) bool { return src.Name == s }) {
			v.warn(path+".match.source", "no source is named %q", s)
		}
	}
	for i := range r.Routes {
		v.routeNames(indexPath(path+".routes", i), &r.Routes[i], depth+1)
	}
}

// listeners checks the addresses beside server.listen.
func (v *validation) listeners() {
	listen := v.c.Debug.Listen
	if listen == "" {
		return
	}
	_, port, err := net.SplitHostPort(listen)
	switch {
	case err != nil:
		v.add("debug.listen", "%q is no host:port; write 127.0.0.1:6060", listen)
	case !web.Loopback(listen):
		v.add("debug.listen", "%s can be reached from the network; profiles are served on loopback only, such as 127.0.0.1:6060", listen)
	case port != "0" && (listen == v.c.Server.Listen || listen == v.c.Server.MetricsListen):
		v.add("debug.listen", "%s is another listener's address too; choose another port", listen)
	}
}

func (v *validation) heartbeat() {
	url := v.c.Canary.HeartbeatURL.Reveal()
	if url != "" && !strings.HasPrefix(url, "http://") && !strings.HasPrefix(url, "https://") {
		v.add("canary.heartbeat_url", "must begin with http:// or https://")
	}
}

func (v *validation) brands() {
	v.c.together()
	switch {
	case len(v.c.Units) > 0 || v.c.marks.hasFailed("brands") || v.c.noDir:
	case v.c.BrandsDir != "":
		v.warn("brands_dir", "the folder %s holds no brand file, so nothing will ever match", v.c.BrandsDir)
	default:
		v.warn("brands", "there is no brand, so nothing will ever match; write one here or in a file of brands_dir")
	}
	d := v.c.BrandDefaults.brand()
	d.Name, d.Query = "defaults", "defaults"
	v.part("brand_defaults", d.Validate())
	known := []string{
		ingest.TypeRSS, ingest.TypeBluesky, ingest.TypeHackerNews, ingest.TypeWebhook, ingest.TypeFile,
	}
	known = append(known, ingest.LaterTypes()...)
	for _, s := range v.c.Sources {
		known = append(known, s.Name)
	}
	for i := range v.c.Units {
		v.c.Units[i].warnSources(known)
	}
}

// warnSources warns of source: filters that name neither a source nor a platform.
func (u *BrandUnit) warnSources(known []string) {
	for _, s := range u.wants {
		if !slices.ContainsFunc(known, func(k string) bool { return strings.EqualFold(k, s.Name) }) {
			u.Problems = append(u.Problems, u.Locate([]setting.Problem{{
				Path: "query", Column: s.Column, Warning: true,
				Msg: fmt.Sprintf("no source is named %q; there are %s", s.Name, strings.Join(known, ", ")),
			}})...)
		}
	}
}
