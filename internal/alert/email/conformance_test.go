package email

import (
	"bytes"
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/alert"
	"github.com/leakytap/leakytap/internal/alert/alerttest"
	"github.com/leakytap/leakytap/internal/httpx"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/setting"
	"github.com/leakytap/leakytap/internal/standin/smtp"
)

// short is how long a call waits at a server that does not answer.
const short = 500 * time.Millisecond

func brief(c *Config) { c.Timeout = setting.Duration(short) }

// minimal is a card that was refused at every larger size.
func minimal(attempts int) alert.Message {
	m := alerttest.Message(record.NoticeCard, record.StateOpen)
	m.Size, m.Notice.Attempts = alert.SizeMinimal, attempts
	return m
}

func TestRefusals(t *testing.T) {
	busy := alerttest.Want{Reason: alert.ReasonRateLimited, Kind: alert.FailRetry, Limited: true}
	later := alerttest.Want{Reason: alert.ReasonServerError, Kind: alert.FailRetry}
	auth := alerttest.Want{Reason: alert.ReasonAuth, Kind: alert.FailPermanent}
	card := alerttest.Message(record.NoticeCard, record.StateOpen)
	for _, tc := range []struct {
		name  string
		fault smtp.Fault
		m     alert.Message
		want  alerttest.Want
	}{
		{"busy at the greeting", smtp.Fault{At: smtp.StepConnect, Code: 421}, card, busy},
		{"no service for us", smtp.Fault{At: smtp.StepConnect, Code: 554}, card, alerttest.Want{Reason: alert.ReasonRestricted, Kind: alert.FailPermanent}},
		{"a login that is down", smtp.Fault{At: smtp.StepAuth, Code: 454, Enhanced: [3]int{4, 7, 0}}, card, busy},
		{"a wrong password", smtp.Fault{At: smtp.StepAuth, Code: 535, Enhanced: [3]int{5, 7, 8}}, card, auth},
		{"a local error", smtp.Fault{At: smtp.StepMail, Code: 451, Enhanced: [3]int{4, 3, 0}}, card, later},
		{"too many mails", smtp.Fault{At: smtp.StepMail, Code: 450, Enhanced: [3]int{4, 2, 1}}, card, busy},
		{"a sender it does not take", smtp.Fault{At: smtp.StepMail, Code: 553, Enhanced: [3]int{5, 7, 1}}, card, alerttest.Want{Reason: alert.ReasonRestricted, Kind: alert.FailPermanent}},
		{"a login it wants first", smtp.Fault{At: smtp.StepMail, Code: 530, Enhanced: [3]int{5, 7, 0}}, card, auth},
		{"greylisting", smtp.Fault{At: smtp.StepRcpt, Code: 451, Enhanced: [3]int{4, 7, 1}}, card, busy},
		{"nobody of that name", smtp.Fault{At: smtp.StepRcpt, Code: 550, Enhanced: [3]int{5, 1, 1}}, card, alerttest.Want{Reason: alert.ReasonChannelNotFound, Kind: alert.FailPermanent}},
		{"a full disk", smtp.Fault{At: smtp.StepData, Code: 452, Enhanced: [3]int{4, 3, 1}}, card, busy},
		{"not now", smtp.Fault{At: smtp.StepData, Code: 451, Enhanced: [3]int{4, 3, 0}}, card, later},
		{"too large", smtp.Fault{At: smtp.StepData, Code: 552, Enhanced: [3]int{5, 3, 4}}, card, alerttest.Want{Reason: alert.ReasonTooBig, Kind: alert.FailTooBig}},
		{"spam, they say", smtp.Fault{At: smtp.StepData, Code: 554, Enhanced: [3]int{5, 7, 1}}, card, alerttest.Want{Reason: alert.ReasonRestricted, Kind: alert.FailTooBig}},
		{"even without words", smtp.Fault{At: smtp.StepData, Code: 554, Enhanced: [3]int{5, 7, 1}}, minimal(0), alerttest.Want{Reason: alert.ReasonRestricted, Kind: alert.FailRetry}},
		{"for a day", smtp.Fault{At: smtp.StepData, Code: 554, Enhanced: [3]int{5, 7, 1}}, minimal(refusedTries), alerttest.Want{Reason: alert.ReasonRestricted, Kind: alert.FailMessage}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := server(t, smtp.StartTLS)
			s.Fail(tc.fault)
			r := receiver(t, s, alert.EmailStartTLS)
			rc, err := r.Post(t.Context(), tc.m)
			require.Equal(t, 1, s.Hit(tc.fault.At), "%v", err)
			require.Empty(t, rc)
			e := alerttest.Check(t, err, tc.want, password)
			if e.Limited {
				require.Equal(t, busyFor, e.After)
			}
			require.Empty(t, s.Mails(), "what is said to be unsent was not taken")
			_, err = r.Post(t.Context(), tc.m)
			require.NoError(t, err, "and the next one arrives")
		})
	}
}

func TestRestOfARefusedMailGrows(t *testing.T) {
	total := time.Duration(0)
	for n := range refusedTries {
		e := refused(answer{code: 554}, minimal(n))
		require.Equal(t, alert.FailRetry, e.Kind)
		require.LessOrEqual(t, e.After, refusedMost)
		total += e.After
	}
	require.Greater(t, total, 20*time.Hour)
}

func TestBrokenSessions(t *testing.T) {
	for _, tc := range []struct {
		name  string
		fault smtp.Fault
		want  alerttest.Want
	}{
		{"no greeting", smtp.Fault{At: smtp.StepConnect, Hang: true}, alerttest.Want{Reason: alert.ReasonTimeout, Kind: alert.FailRetry}},
		{"cut before the greeting", smtp.Fault{At: smtp.StepConnect, Drop: true}, alerttest.Want{Reason: alert.ReasonReset, Kind: alert.FailRetry}},
		{"no answer to the login", smtp.Fault{At: smtp.StepAuth, Hang: true}, alerttest.Want{Reason: alert.ReasonTimeout, Kind: alert.FailRetry}},
		{"no answer to the sender", smtp.Fault{At: smtp.StepMail, Hang: true}, alerttest.Want{Reason: alert.ReasonTimeout, Kind: alert.FailRetry}},
		{"cut at the recipient", smtp.Fault{At: smtp.StepRcpt, Drop: true}, alerttest.Want{Reason: alert.ReasonReset, Kind: alert.FailRetry}},
		{"no answer to the mail", smtp.Fault{At: smtp.StepData, Hang: true}, alerttest.Want{Reason: alert.ReasonTimeout, Kind: alert.FailAmbiguous}},
		{"no answer, but taken", smtp.Fault{At: smtp.StepData, Hang: true, Taken: true}, alerttest.Want{Reason: alert.ReasonTimeout, Kind: alert.FailAmbiguous}},
		{"cut before the answer", smtp.Fault{At: smtp.StepData, Drop: true, Taken: true}, alerttest.Want{Reason: alert.ReasonReset, Kind: alert.FailAmbiguous}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := server(t, smtp.StartTLS)
			s.Fail(tc.fault)
			var edits []func(*Config)
			if tc.fault.Hang {
				edits = append(edits, brief)
			}
			rc, err := receiver(t, s, alert.EmailStartTLS, edits...).Post(t.Context(), alerttest.Message(record.NoticeCard, record.StateOpen))
			require.Equal(t, 1, s.Hit(tc.fault.At))
			require.Empty(t, rc)
			_ = alerttest.Check(t, err, tc.want, password)
			require.Equal(t, tc.fault.Taken, len(s.Mails()) == 1)
		})
	}
}

func TestALostAnswerIsTheSameMailAgain(t *testing.T) {
	s := server(t, smtp.StartTLS)
	s.Fail(smtp.Fault{At: smtp.StepData, Drop: true, Taken: true})
	r := receiver(t, s, alert.EmailStartTLS)
	m := alerttest.Message(record.NoticeCard, record.StateOpen)
	_, err := r.Post(t.Context(), m)
	require.Error(t, err)
	_, found, err := r.Find(t.Context(), m.Notice.Key, time.Now(), nil)
	require.False(t, found)
	require.ErrorIs(t, err, alert.ErrNoLookUp)
	m.PossibleRepeat = true
	_, err = r.Post(t.Context(), m)
	require.NoError(t, err)
	require.Len(t, s.Mails(), 2)
	one, two := parse(t, s.Mails()[0].Data), parse(t, s.Mails()[1].Data)
	require.Equal(t, one.header.Get("Message-Id"), two.header.Get("Message-Id"))
	require.Equal(t, m.Notice.Key, two.header.Get("X-LeakyTap-Key"))
	require.Empty(t, one.header.Get("X-LeakyTap-Possible-Repeat"))
	require.Equal(t, "true", two.header.Get("X-LeakyTap-Possible-Repeat"))
	require.Contains(t, two.text, "(possible repeat)")
}

func TestNoSession(t *testing.T) {
	closed, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	nobody := closed.Addr().String()
	require.NoError(t, closed.Close())
	start, implicit, plain := server(t, smtp.StartTLS), server(t, smtp.Implicit), server(t, smtp.Clear)
	for _, tc := range []struct {
		name  string
		addr  string
		tls   string
		trust []byte
		edit  func(*Config)
		want  alerttest.Want
	}{
		{"nobody listens", nobody, alert.EmailStartTLS, nil, nil, alerttest.Want{Reason: alert.ReasonRefused, Kind: alert.FailRetry}},
		{"no such name", nobody, alert.EmailStartTLS, nil, func(c *Config) { c.Host = "mail.example" }, alerttest.Want{Reason: alert.ReasonDNS, Kind: alert.FailRetry}},
		{"a certificate of nobody, starttls", start.Addr(), alert.EmailStartTLS, nil, nil, alerttest.Want{Reason: alert.ReasonTLS, Kind: alert.FailRetry}},
		{"a certificate of nobody, implicit", implicit.Addr(), alert.EmailImplicit, nil, nil, alerttest.Want{Reason: alert.ReasonTLS, Kind: alert.FailRetry}},
		{"no starttls", plain.Addr(), alert.EmailStartTLS, nil, nil, alerttest.Want{Reason: alert.ReasonTLS, Kind: alert.FailPermanent}},
		{"implicit where it is not", start.Addr(), alert.EmailImplicit, start.CA(), nil, alerttest.Want{Reason: alert.ReasonTLS, Kind: alert.FailRetry}},
		{"no login in the clear", start.Addr(), alert.EmailNoTLS, nil, nil, alerttest.Want{Reason: alert.ReasonAuth, Kind: alert.FailPermanent}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			cfg := configFor(t, tc.addr, tc.tls)
			cfg.Timeout = setting.Duration(2 * time.Second)
			if tc.edit != nil {
				tc.edit(&cfg)
			}
			r, err := New("support", cfg, network(t, tc.trust))
			require.NoError(t, err)
			_, err = r.Post(t.Context(), alerttest.Message(record.NoticeCard, record.StateOpen))
			_ = alerttest.Check(t, err, tc.want, password)
		})
	}
	t.Run("the daemon ends", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := receiver(t, start, alert.EmailStartTLS).Post(ctx, alerttest.Message(record.NoticeCard, record.StateOpen))
		alerttest.Check(t, err, alerttest.Want{Reason: alert.ReasonTimeout, Kind: alert.FailRetry}, password)
	})
	require.Empty(t, start.Mails())
}

func TestKeys(t *testing.T) {
	s := server(t, smtp.StartTLS)
	seen := 0
	alerttest.Keys(t, receiver(t, s, alert.EmailStartTLS), func() string {
		mails := s.Mails()[seen:]
		require.Len(t, mails, 1)
		seen++
		held(t, mails[0].Data)
		p := parse(t, mails[0].Data)
		return p.header.Get("X-LeakyTap-Key") + " " + p.header.Get("Message-Id")
	})
}

// inert checks that what strangers wrote is no more than text, in a mail of any kind.
func inert(t *testing.T, data []byte) {
	t.Helper()
	held(t, data)
	p := parse(t, data)
	require.Empty(t, p.header.Get("Bcc"))
	require.NotContains(t, p.subject, "\n")
	for l := range strings.SplitSeq(p.text, "\n") {
		require.False(t, strings.HasPrefix(l, "Bcc:"), l)
		require.NotEqual(t, "ALERT critical acme", l)
	}
	for _, markup := range []string{"<script", "href=\"javascript", "\u202e", "\x00", "\x1b", "<img", "<https"} {
		require.NotContains(t, strings.ToLower(p.html), markup)
	}
	require.NotContains(t, p.html, "ZgotmplZ")
}

func TestHostileTextIsText(t *testing.T) {
	s := server(t, smtp.StartTLS)
	alerttest.SendHostile(t, receiver(t, s, alert.EmailStartTLS))
	require.GreaterOrEqual(t, len(s.Mails()), 4)
	for _, m := range s.Mails() {
		inert(t, m.Data)
	}
}

// FuzzMail holds whatever a stranger may write, anywhere, to being no more than text.
func FuzzMail(f *testing.F) {
	for _, s := range []string{alerttest.Evil, "", "\r\n.\r\n", "a\r\nBcc: x@y.example\r\n\r\n", strings.Repeat("x", 5000), "=?utf-8?q?=0D=0ABcc:_a@b.example?=", "\xff\xfe", strings.Repeat("é ", 900)} {
		f.Add(s, s)
	}
	cfg := Config{Host: "mail.example", From: "LeakyTap <alerts@acme.example>", To: alert.Values{"support@acme.example", "Sam Lee <sam@acme.example>"}}
	r, err := New("support", cfg, &httpx.Client{})
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, words, key string) {
		for i, m := range alerttest.Hostile() {
			if m.Dossier != nil {
				m.Dossier.Case.About, m.Dossier.Root.Text, m.Dossier.Root.Author.Name, m.Dossier.Root.URL = words, words, words, words
			}
			for j := range m.Notice.Body.Items {
				m.Notice.Body.Items[j].Text, m.Notice.Body.Items[j].URL = words, words
			}
			m.Notice.Key = key
			root := alerttest.Root()
			root.Key = key
			msg, err := r.compose(m, &root)
			require.NoError(t, err)
			var b bytes.Buffer
			_, err = msg.WriteTo(&b)
			require.NoError(t, err, "message %d", i)
			inert(t, b.Bytes())
		}
	})
}
