package alertmanager

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"time"
	"unicode/utf8"
)

// maxBody is how much of a call is read.
const maxBody = 1 << 20

// posted is an alert as it comes.
type posted struct {
	Labels       map[string]string `json:"labels"`
	Annotations  map[string]string `json:"annotations"`
	StartsAt     time.Time         `json:"startsAt"`
	EndsAt       time.Time         `json:"endsAt"`
	GeneratorURL string            `json:"generatorURL"`
}

// labelName is what a label may be called.
var labelName = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)

// post takes alerts; where one is wrong the call is refused, the others are taken.
func (s *Server) post(w http.ResponseWriter, req *http.Request) {
	var in []posted
	if err := json.NewDecoder(http.MaxBytesReader(w, req.Body, maxBody)).Decode(&in); err != nil {
		refuse(w, http.StatusBadRequest, "parsing alerts body from \"\" failed: "+err.Error())
		return
	}
	now := time.Now()
	var good []Alert
	wrong := ""
	for _, p := range in {
		a := Alert{Labels: map[string]string{}, Annotations: p.Annotations, StartsAt: p.StartsAt, EndsAt: p.EndsAt, GeneratorURL: p.GeneratorURL}
		for k, v := range p.Labels {
			if v != "" { // an empty label is no label
				a.Labels[k] = v
			}
		}
		if a.StartsAt.IsZero() {
			a.StartsAt = now
			if !a.EndsAt.IsZero() && a.EndsAt.Before(now) {
				a.StartsAt = a.EndsAt
			}
		}
		if a.EndsAt.IsZero() {
			a.EndsAt = now.Add(resolveTimeout)
		}
		if err := check(a); err != nil {
			wrong = err.Error()
			continue
		}
		good = append(good, a)
	}
	s.take(good, now)
	if wrong != "" {
		refuse(w, http.StatusBadRequest, wrong)
		return
	}
	w.WriteHeader(http.StatusOK)
}

func check(a Alert) error {
	switch {
	case len(a.Labels) == 0:
		return errors.New("at least one label pair required")
	case a.EndsAt.Before(a.StartsAt):
		return errors.New("start time must be before end time")
	}
	for _, set := range []map[string]string{a.Labels, a.Annotations} {
		for k, v := range set {
			if !labelName.MatchString(k) || !utf8.ValidString(v) {
				return fmt.Errorf("invalid label set: invalid name %q", k)
			}
		}
	}
	if u, err := url.Parse(a.GeneratorURL); a.GeneratorURL != "" && (err != nil || u.Scheme == "") {
		return fmt.Errorf("generatorURL in body must be of type uri: %q", a.GeneratorURL)
	}
	return nil
}

// gettable is an alert as it is given.
type gettable struct {
	Alert
	Receivers []map[string]string `json:"receivers"`
	Status    state               `json:"status"`
}

type state struct {
	State       string   `json:"state"`
	SilencedBy  []string `json:"silencedBy"`
	InhibitedBy []string `json:"inhibitedBy"`
	MutedBy     []string `json:"mutedBy"`
}

// matcher is a filter of the one form that is asked here: name="value".
var matcher = regexp.MustCompile(`^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"$`)

func (s *Server) list(w http.ResponseWriter, req *http.Request) {
	out := []gettable{}
	for _, a := range s.Firing() {
		fits := true
		for _, f := range req.URL.Query()["filter"] {
			m := matcher.FindStringSubmatch(f)
			if m == nil {
				refuse(w, http.StatusBadRequest, "bad matcher format: "+f)
				return
			}
			fits = fits && a.Labels[m[1]] == m[2]
		}
		if fits {
			out = append(out, gettable{Alert: a, Receivers: []map[string]string{{"name": "default"}}, Status: state{
				State: "active", SilencedBy: []string{}, InhibitedBy: []string{}, MutedBy: []string{},
			}})
		}
	}
	answer(w, out)
}

func (*Server) status(w http.ResponseWriter, _ *http.Request) {
	answer(w, map[string]any{
		"cluster": map[string]any{"status": "disabled", "peers": []any{}}, "versionInfo": map[string]string{"version": "0.28.0"},
		"config": map[string]string{"original": "route:\n  receiver: default\n"}, "uptime": time.Now().Format(time.RFC3339),
	})
}

func refuse(w http.ResponseWriter, status int, why string) {
	body, _ := json.Marshal(why)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}
