package web

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/leakytap/leakytap/internal/record"
)

// formAct does what a button asks for and goes back to where it stood.
func (s *Server) formAct(w http.ResponseWriter, r *http.Request, who person) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	if err := readForm(r); err != nil {
		return err
	}
	now := time.Now()
	a := record.Action{
		Case: id, Verb: record.Verb(r.PostFormValue("verb")), Actor: who.name, Via: who.via,
		To: strings.TrimSpace(r.PostFormValue("to")), Reason: r.PostFormValue("reason"), Note: r.PostFormValue("note"),
	}
	switch a.Verb { //nolint:exhaustive // only these two have an end
	case record.VerbSnooze:
		a.Until, err = formUntil(r, now)
	case record.VerbPromise:
		a.Until, err = formBy(r, now)
	}
	if err != nil {
		return err
	}
	if err := checkAction(&a, now); err != nil {
		return err
	}
	a.Key = formKey(r, a)
	c, err := s.opt.Backend.Act(r.Context(), a)
	if err != nil {
		return err
	}
	back := localPath(r.PostFormValue("back"))
	if !strings.HasPrefix(back, "/cases/") && (c.State == record.StateDismissed || c.State == record.StateResolved) {
		back = withDid(back, c.ID)
	} else {
		back = dropDid(back)
	}
	seeOther(w, back)
	return nil
}

// formKey makes a double click one action: the same person asking for the same
// thing of the same version of a case.
func formKey(r *http.Request, a record.Action) string {
	version, err := strconv.ParseInt(r.PostFormValue("version"), 10, 64)
	if err != nil || version < 1 {
		return ""
	}
	what := string(a.Verb)
	switch a.Verb {
	case record.VerbSnooze:
		what += ":" + r.PostFormValue("for")
	case record.VerbAssign:
		what += ":" + a.To
	case record.VerbReason, record.VerbDismiss:
		what += ":" + a.Reason
	case record.VerbPromise:
		what += ":" + a.Note + ":" + r.PostFormValue("for") + r.PostFormValue("by")
	case record.VerbClaim, record.VerbAnswer, record.VerbResolve, record.VerbReopen, record.VerbKept, record.VerbBroken, record.VerbLost:
	}
	return digest(fmt.Sprintf("web/%s/%d/%s/%s", a.Case, version, a.Actor, what))
}

// formUntil reads one of the lengths that forms offer.
func formUntil(r *http.Request, now time.Time) (time.Time, error) {
	d, err := time.ParseDuration(r.PostFormValue("for"))
	if err != nil || d <= 0 || d > maxSilence {
		return time.Time{}, badRequest("choose how long")
	}
	return now.Add(d).UTC().Truncate(time.Second), nil
}

func withDid(back, id string) string {
	u, err := url.Parse(dropDid(back))
	if err != nil {
		return "/"
	}
	q := u.Query()
	q.Set("did", id)
	u.RawQuery = q.Encode()
	return u.RequestURI()
}

func dropDid(back string) string {
	u, err := url.Parse(back)
	if err != nil {
		return "/"
	}
	q := u.Query()
	q.Del("did")
	u.RawQuery = q.Encode()
	return u.RequestURI()
}

// formMe sets the name that a person acts under where nothing asks for a login.
func (s *Server) formMe(w http.ResponseWriter, r *http.Request, who person) error {
	if err := readForm(r); err != nil {
		return err
	}
	name := strings.TrimSpace(r.PostFormValue("name"))
	if who.login {
		return badRequest("you are logged in; your name is that of your token")
	}
	if !validName(name) {
		return badRequest("a name may hold letters, digits, . _ - and @, at most 64")
	}
	http.SetCookie(w, s.cookie(nameCookie, name, 365*24*time.Hour))
	seeOther(w, localPath(r.PostFormValue("back")))
	return nil
}

type loginView struct{ Problem, Next string }

func (s *Server) pageLogin(w http.ResponseWriter, r *http.Request, who person) error {
	next := localPath(r.FormValue("next"))
	if who.known {
		seeOther(w, next)
		return nil
	}
	p := s.newPage(r, who, "Log in", "")
	p.Body = loginView{Next: next}
	return s.render(w, http.StatusOK, "login", p)
}

// formLogin trades a token for a session. Every wrong one is answered alike.
func (s *Server) formLogin(w http.ResponseWriter, r *http.Request, who person) error {
	if err := readForm(r); err != nil {
		return err
	}
	next := localPath(r.PostFormValue("next"))
	tokens := s.tokens.Load()
	if tokens == nil {
		seeOther(w, next)
		return nil
	}
	now := time.Now()
	p := s.newPage(r, who, "Log in", "")
	p.Who = visitor{}
	if wait := s.failures.blocked(r.RemoteAddr, now); wait > 0 {
		w.Header().Set("Retry-After", retryAfter(wait))
		p.Body = loginView{Problem: capital(errTooMany.message) + ".", Next: next}
		return s.render(w, errTooMany.status, "login", p)
	}
	tok, ok := tokens.find(strings.TrimSpace(r.PostFormValue("token")))
	if !ok {
		s.failures.fail(r.RemoteAddr, now)
		p.Body = loginView{Problem: "This token is not known.", Next: next}
		return s.render(w, http.StatusUnauthorized, "login", p)
	}
	// An older session of this browser ends: a cookie planted before cannot be the new one.
	if c, err := r.Cookie(s.sessionCookie()); err == nil {
		s.sessions.end(c.Value)
	}
	http.SetCookie(w, s.cookie(s.sessionCookie(), s.sessions.open(tok, now), sessionLife))
	seeOther(w, next)
	return nil
}

func (s *Server) formLogout(w http.ResponseWriter, r *http.Request, _ person) error {
	if c, err := r.Cookie(s.sessionCookie()); err == nil {
		s.sessions.end(c.Value)
	}
	http.SetCookie(w, s.cookie(s.sessionCookie(), "", 0))
	seeOther(w, "/login")
	return nil
}
