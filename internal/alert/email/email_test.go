package email

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/leakytap/leakytap/internal/alert"
	"github.com/leakytap/leakytap/internal/alert/alerttest"
	"github.com/leakytap/leakytap/internal/httpx"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/setting"
	"github.com/leakytap/leakytap/internal/standin/smtp"
	"github.com/leakytap/leakytap/pkg/vent"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	username = "alerts@acme.example"
	password = "an-invented-password"
)

// server starts the stand-in, which asks for a login.
func server(t *testing.T, mode smtp.Mode) *smtp.Server {
	t.Helper()
	s, err := smtp.Start(smtp.Options{Mode: mode, Username: username, Password: password})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

// network is the product's client, which trusts the stand-in where it is told to.
func network(t *testing.T, trust []byte) *httpx.Client {
	t.Helper()
	var cfg httpx.Config
	if trust != nil {
		cfg.CAFile = filepath.Join(t.TempDir(), "ca.pem")
		require.NoError(t, os.WriteFile(cfg.CAFile, trust, 0o600))
	}
	f, err := httpx.New(cfg, httpx.Options{Resolver: &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		return nil, errors.New("there is no name server")
	}}})
	require.NoError(t, err)
	return f.Client(httpx.Policy{AllowPrivate: true})
}

func configFor(t *testing.T, addr, tls string) Config {
	t.Helper()
	host, port, err := net.SplitHostPort(addr)
	require.NoError(t, err)
	n, err := strconv.Atoi(port)
	require.NoError(t, err)
	return Config{
		Host: host, Port: n, TLS: tls, Username: username, Password: password, From: "LeakyTap <alerts@acme.example>",
		To: alert.Values{"support@acme.example", "Sam Lee <sam@acme.example>"}, Helo: "tap.acme.example", Timeout: setting.Duration(10 * time.Second),
	}
}

func receiver(t *testing.T, s *smtp.Server, tls string, edit ...func(*Config)) *Receiver {
	t.Helper()
	cfg := configFor(t, s.Addr(), tls)
	for _, e := range edit {
		e(&cfg)
	}
	r, err := New("support", cfg, network(t, s.CA()))
	require.NoError(t, err)
	return r
}

// parsed is a mail as a mailbox reads it.
type parsed struct {
	header     mail.Header
	subject    string
	text, html string
}

func parse(t *testing.T, data []byte) parsed {
	t.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(data))
	require.NoError(t, err)
	p := parsed{header: m.Header}
	p.subject, err = new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	require.NoError(t, err)
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	require.NoError(t, err)
	require.Equal(t, "multipart/alternative", kind)
	parts := multipart.NewReader(m.Body, params["boundary"])
	for {
		part, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			return p
		}
		require.NoError(t, err)
		require.Equal(t, "quoted-printable", part.Header.Get("Content-Transfer-Encoding"))
		body, err := io.ReadAll(quotedprintable.NewReader(part))
		require.NoError(t, err)
		if strings.HasPrefix(part.Header.Get("Content-Type"), "text/html") {
			p.html = string(body)
		} else {
			p.text = strings.ReplaceAll(string(body), "\r\n", "\n")
		}
	}
}

// held checks what RFC 5321 and 5322 ask of every mail.
func held(t *testing.T, data []byte) {
	t.Helper()
	require.False(t, bytes.Contains(bytes.ReplaceAll(data, []byte("\r\n"), nil), []byte("\n")), "a line feed alone")
	for l := range bytes.SplitSeq(data, []byte("\r\n")) {
		require.LessOrEqual(t, len(l), 998)
		require.Negative(t, bytes.IndexFunc(l, func(r rune) bool { return r != '\t' && (r < ' ' || r > '~') }), "%q", l)
	}
	m, err := mail.ReadMessage(bytes.NewReader(data))
	require.NoError(t, err)
	known := []string{
		"Auto-Submitted", "Content-Type", "Date", "From", "Importance", "In-Reply-To", "List-Id", "Message-Id", "Mime-Version", "Priority", "References",
		"Subject", "To", "User-Agent", "X-Auto-Response-Suppress", "X-Leakytap-Case", "X-Leakytap-Key", "X-Leakytap-Possible-Repeat", "X-Mailer",
		"X-Msmail-Priority", "X-Priority",
	}
	for name, values := range m.Header {
		require.Contains(t, known, name)
		require.Len(t, values, 1, name)
	}
	require.Equal(t, `<support@acme.example>, "Sam Lee" <sam@acme.example>`, m.Header.Get("To"))
	require.Equal(t, `"LeakyTap" <alerts@acme.example>`, m.Header.Get("From"))
}

func TestMailArrivesOverEachKindOfSession(t *testing.T) {
	for _, tc := range []struct {
		mode smtp.Mode
		tls  string
		want bool
	}{{smtp.StartTLS, alert.EmailStartTLS, true}, {smtp.Implicit, alert.EmailImplicit, true}, {smtp.Clear, alert.EmailNoTLS, false}} {
		t.Run(tc.tls, func(t *testing.T) {
			s := server(t, tc.mode)
			rc, err := receiver(t, s, tc.tls).Post(t.Context(), alerttest.Message(record.NoticeCard, record.StateOpen))
			require.NoError(t, err)
			require.NotEmpty(t, rc.TS)
			require.Len(t, s.Mails(), 1)
			m := s.Mails()[0]
			require.Equal(t, "alerts@acme.example", m.From)
			require.Equal(t, []string{"support@acme.example", "sam@acme.example"}, m.To)
			require.Equal(t, username, m.Login)
			require.Equal(t, tc.want, m.TLS)
			held(t, m.Data)
		})
	}
}

func TestSubjects(t *testing.T) {
	deleted := alerttest.Message(record.NoticeUpdate, record.StateOpen)
	deleted.Dossier.Root.Retracted, deleted.Dossier.Root.Text = true, ""
	bare := alerttest.Message(record.NoticeCard, record.StateOpen)
	bare.Dossier.Case.About = ""
	small := alerttest.Message(record.NoticeCard, record.StateOpen)
	small.Size = alert.SizeMinimal
	for _, tc := range []struct {
		name string
		m    alert.Message
		want string
	}{
		{"a card", alerttest.Message(record.NoticeCard, record.StateOpen), "[acme] high: lost parcel, support line: 3 hours on hold with @acme, third time this week. Never again <3 & goodbye"},
		{"a card about nothing", bare, "[acme] high: support: 3 hours on hold with @acme, third time this week. Never again <3 & goodbye"},
		{"a small one", small, "[acme] high: lost parcel, support line: a complaint"},
		{"a deleted post", deleted, "[acme] high: a post that its author deleted"},
		{"a digest", alerttest.Note(record.NoticeDigest), "[acme] 2 older posts found while catching up"},
		{"news of the daemon", alerttest.Note(record.NoticeOps), "[leakytap] Source forum is silent"},
	} {
		t.Run(tc.name, func(t *testing.T) { require.Equal(t, tc.want, subject(tc.m)) })
	}
}

func TestACaseIsOneThread(t *testing.T) {
	s := server(t, smtp.StartTLS)
	r := receiver(t, s, alert.EmailStartTLS)
	rc, err := r.Post(t.Context(), alerttest.Message(record.NoticeCard, record.StateOpen))
	require.NoError(t, err)
	_, err = r.Reply(t.Context(), rc, alerttest.Message(record.NoticeReply, record.StateOpen))
	require.NoError(t, err)
	claimed := alerttest.Message(record.NoticeUpdate, record.StateClaimed)
	claimed.Dossier.History = []record.Event{{At: claimed.Notice.CreatedAt, What: "claimed", Actor: "sam"}}
	require.NoError(t, r.Update(t.Context(), rc, claimed))
	mails := s.Mails()
	require.Len(t, mails, 3)
	root := parse(t, mails[0].Data)
	require.Empty(t, root.header.Get("References"))
	ids := map[string]bool{root.header.Get("Message-Id"): true}
	for _, m := range mails[1:] {
		p := parse(t, m.Data)
		require.Equal(t, root.header.Get("Message-Id"), p.header.Get("In-Reply-To"))
		require.Equal(t, root.header.Get("Message-Id"), p.header.Get("References"))
		require.Equal(t, "Re: "+root.subject, p.subject)
		require.Equal(t, alerttest.CaseID, p.header.Get("X-LeakyTap-Case"))
		require.False(t, ids[p.header.Get("Message-Id")], "each mail has an id of its own")
		ids[p.header.Get("Message-Id")] = true
	}
	require.Regexp(t, `^<leakytap\.[0-9a-f]{24}@acme\.example>$`, root.header.Get("Message-Id"))
	require.Equal(t, "<acme.leakytap.acme.example>", root.header.Get("List-Id"))
	require.Contains(t, parse(t, mails[2].Data).text, "Claimed by sam")
}

func TestOnlyWhatMovedIsMailed(t *testing.T) {
	s := server(t, smtp.StartTLS)
	r := receiver(t, s, alert.EmailStartTLS)
	at := alerttest.Now
	for _, tc := range []struct {
		name   string
		events []record.Event
		want   bool
	}{
		{"nothing", nil, false},
		{"another post joined", []record.Event{{At: at, What: "joined"}}, false},
		{"claimed", []record.Event{{At: at, What: "claimed"}}, true},
		{"claimed long ago, now a join", []record.Event{{At: at.Add(-time.Hour), What: "claimed"}, {At: at, What: "joined"}}, false},
		{"resolved, then a join", []record.Event{{At: at, What: "resolved"}, {At: at.Add(time.Second), What: "joined"}}, true},
		{"reopened, which a reply says", []record.Event{{At: at, What: "reopened"}}, false},
		{"the post was taken away", []record.Event{{At: at, What: "retracted"}}, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			before := len(s.Mails())
			m := alerttest.Message(record.NoticeUpdate, record.StateOpen)
			m.Dossier.History = tc.events
			require.NoError(t, r.Update(t.Context(), alerttest.Root(), m))
			require.Equal(t, tc.want, len(s.Mails()) > before)
		})
	}
	m := alerttest.Note(record.NoticeDigest)
	m.Rewritten = true
	alerttest.Check(t, r.Update(t.Context(), alerttest.Root(), m), alerttest.Want{Reason: alert.ReasonMessageGone, Kind: alert.FailMessage})
}

func TestCriticalIsImportant(t *testing.T) {
	s := server(t, smtp.StartTLS)
	m := alerttest.Message(record.NoticeCard, record.StateOpen)
	m.Dossier.Case.Severity = vent.SeverityCritical
	_, err := receiver(t, s, alert.EmailStartTLS).Post(t.Context(), m)
	require.NoError(t, err)
	held(t, s.Mails()[0].Data)
	require.Equal(t, "high", parse(t, s.Mails()[0].Data).header.Get("Importance"))
}

// masks are what differs each time.
var masks = regexp.MustCompile(`(?m)^Date: .*$|[0-9a-f]{60}`)

func TestMails(t *testing.T) {
	s := server(t, smtp.StartTLS)
	r := receiver(t, s, alert.EmailStartTLS)
	deleted := alerttest.Message(record.NoticeCard, record.StateOpen)
	deleted.Dossier.Root.Retracted, deleted.Dossier.Root.Text = true, ""
	repeat := alerttest.Message(record.NoticeCard, record.StateOpen)
	repeat.PossibleRepeat = true
	linked, answered := alerttest.Message(record.NoticeCard, record.StateOpen), alerttest.Message(record.NoticeReply, record.StateOpen)
	linked.Inbox = "https://inbox.example/cases/" + alerttest.CaseID
	answered.Inbox = linked.Inbox
	for name, m := range map[string]alert.Message{
		"with_inbox": linked, "reply_with_inbox": answered,
		"card": alerttest.Message(record.NoticeCard, record.StateOpen), "deleted": deleted, "possible_repeat": repeat,
		"digest": alerttest.Note(record.NoticeDigest), "ops": alerttest.Note(record.NoticeOps),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := r.Post(t.Context(), m)
			require.NoError(t, err)
			mails := s.Mails()
			data := mails[len(mails)-1].Data
			held(t, data)
			golden(t, name+".eml.golden", masks.ReplaceAllString(strings.ReplaceAll(string(data), "\r\n", "\n"), "-"))
			p := parse(t, data)
			golden(t, name+".html.golden", p.html)
		})
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if os.Getenv("UPDATE_GOLDEN") != "" {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, []byte(got), 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), got)
}

func TestCheckNamesWhatIsWrong(t *testing.T) {
	s := server(t, smtp.StartTLS)
	steps, err := receiver(t, s, alert.EmailStartTLS).Check(t.Context(), time.Now())
	require.NoError(t, err)
	require.Len(t, steps, 3)
	require.Len(t, s.Mails(), 2)
	require.NotEmpty(t, parse(t, s.Mails()[1].Data).header.Get("In-Reply-To"))
	_, err = receiver(t, s, alert.EmailStartTLS, func(c *Config) { c.Password = "wrong" }).Check(t.Context(), time.Now())
	require.ErrorContains(t, err, "step login: The mail server refuses the login")
	s.Fail(smtp.Fault{At: smtp.StepRcpt, Code: 550, Enhanced: [3]int{5, 1, 1}})
	_, err = receiver(t, s, alert.EmailStartTLS).Check(t.Context(), time.Now())
	require.ErrorContains(t, err, "step send: The mail server refuses an address of to (the mail server answered 550 5.1.1 to the recipient)")
}
