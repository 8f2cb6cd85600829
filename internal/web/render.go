package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strings"
)

//go:embed templates/*.html
var templateFiles embed.FS

//go:embed static
var staticFiles embed.FS

// asset is one file that pages load, under an address that changes with its bytes.
type asset struct {
	body []byte
	kind string
	etag string
}

// views are the parsed templates and the files beside them.
type views struct {
	pages  map[string]*template.Template
	assets map[string]asset
}

func loadViews() (*views, error) {
	v := &views{pages: map[string]*template.Template{}, assets: map[string]asset{}}
	err := fs.WalkDir(staticFiles, "static", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := staticFiles.ReadFile(p)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(body)
		v.assets[path.Base(p)] = asset{body: body, kind: mediaType(p), etag: hex.EncodeToString(sum[:8])}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading the pages' files: %w", err)
	}
	shared := []string{"templates/base.html", "templates/parts.html", "templates/sourcetable.html", "templates/deadbuttons.html", "templates/taught.html", "templates/tunenav.html"}
	for _, name := range []string{"inbox", "case", "why", "sources", "dead", "deadone", "silences", "recovery", "spikes", "labels", "login", "error", "tune", "ledger", "backtest", "shadow", "history", "explain", "sample"} {
		t, err := template.New(name).Funcs(template.FuncMap{"asset": v.address}).
			ParseFS(templateFiles, append(shared, "templates/"+name+".html")...)
		if err != nil {
			return nil, fmt.Errorf("parsing page %s: %w", name, err)
		}
		v.pages[name] = t
	}
	return v, nil
}

// mediaType does not ask the machine's own tables, which differ.
func mediaType(name string) string {
	switch path.Ext(name) {
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	default:
		return "text/plain; charset=utf-8"
	}
}

// address is where a page finds a file; the version lets browsers keep it for good.
func (v *views) address(name string) (string, error) {
	a, ok := v.assets[name]
	if !ok {
		return "", fmt.Errorf("no file %q", name)
	}
	return "/static/" + name + "?v=" + a.etag, nil
}

// page is what every page is rendered from.
type page struct {
	Title   string
	Active  string
	Version string
	Roles   string
	Who     visitor
	Self    string
	// Events is where the page hears of changes; empty for pages that show no live thing.
	Events   string
	Problems []problem
	Body     any
}

type visitor struct {
	Name         string
	Known, Login bool
}

// problem is a banner above a page.
type problem struct {
	What, Detail   string
	Link, LinkText string
}

func (s *Server) newPage(r *http.Request, who person, title, active string) *page {
	return &page{
		Title: title, Active: active, Version: s.opt.Version, Roles: strings.Join(s.opt.Roles, ", "),
		Who:  visitor{Name: who.name, Known: who.known, Login: who.login},
		Self: localPath(r.URL.RequestURI()),
	}
}

// render writes a page whole or not at all.
func (s *Server) render(w http.ResponseWriter, status int, name string, p *page) error {
	var buf bytes.Buffer
	if err := s.views.pages[name].ExecuteTemplate(&buf, "base", p); err != nil {
		return fmt.Errorf("rendering page %s: %w", name, err)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(buf.Bytes())
	return nil
}

// errorPage says in words what went wrong and leads back.
func (s *Server) errorPage(w http.ResponseWriter, r *http.Request, e *httpError) {
	if s.opt.Backend == nil {
		writeText(w, e.status, e.message+"\n")
		return
	}
	var who person
	if _, ok := bearer(r); !ok {
		who, _ = s.identify(w, r) // it fails for wrong tokens alone, and there is none
	}
	p := s.newPage(r, who, http.StatusText(e.status), "")
	body := struct{ Title, Message, Back, BackText string }{http.StatusText(e.status), capital(e.message) + ".", "/", "To the inbox"}
	switch e.status {
	case http.StatusConflict:
		body.Title = "That did not happen"
	case http.StatusUnauthorized:
		body.Back, body.BackText = "/login", "Log in"
	}
	p.Body = body
	if err := s.render(w, e.status, "error", p); err != nil {
		writeText(w, e.status, e.message+"\n")
	}
}

// capital begins a sentence.
func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// static serves a file of ours; with its version in the address it may be kept for good.
func (s *Server) static(w http.ResponseWriter, r *http.Request, _ person) error {
	a, ok := s.views.assets[r.PathValue("name")]
	if !ok {
		return errNotFoundPage
	}
	h := w.Header()
	h.Set("Content-Type", a.kind)
	h.Set("ETag", `"`+a.etag+`"`)
	if r.FormValue("v") == a.etag {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	} else {
		h.Set("Cache-Control", "no-cache")
	}
	if r.Header.Get("If-None-Match") == `"`+a.etag+`"` {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	_, _ = w.Write(a.body)
	return nil
}

// favicon answers browsers that ask for it by its old name.
func (*Server) favicon(w http.ResponseWriter, _ *http.Request, _ person) error {
	seeOther(w, "/static/icon.svg")
	return nil
}
