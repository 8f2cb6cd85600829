package alerttest

import (
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/alert"
	"github.com/leakytap/leakytap/internal/record"
)

// sent is a far side that takes everything and remembers it.
type sent struct {
	mu      sync.Mutex
	headers []http.Header
	bodies  [][]byte
}

func (s *sent) handler(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return
		}
		s.mu.Lock()
		s.headers, s.bodies = append(s.headers, req.Header.Clone()), append(s.bodies, body)
		s.mu.Unlock()
		next(w, req)
	}
}

// take gives what came since it was last asked.
func (s *sent) take() ([]http.Header, [][]byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h, b := s.headers, s.bodies
	s.headers, s.bodies = nil, nil
	return h, b
}

// keys sends messages twice: the same one has the same key, another has another.
func (p Place) keys(t *testing.T) {
	s := &sent{}
	r := p.receiver(t, serve(t, s.handler(p.Taken)), 10*time.Second, nil)
	Keys(t, r, func() string {
		hs, bs := s.take()
		require.NotEmpty(t, hs)
		return p.Key(t, hs[0], bs[0])
	})
}

// Keys holds a receiver to its keys, whatever protocol it speaks: last gives the
// key of the first message that came since it was last asked.
func Keys(t *testing.T, r alert.Receiver, last func() string) {
	t.Helper()
	keyOf := func(do func() error) string {
		t.Helper()
		require.NoError(t, do())
		return last()
	}
	post := func(m alert.Message) func() error {
		return func() error {
			_, err := r.Post(t.Context(), m)
			return err
		}
	}
	reply := func(m alert.Message) func() error {
		return func() error {
			_, err := r.Reply(t.Context(), Root(), m)
			return err
		}
	}
	card := Message(record.NoticeCard, record.StateOpen)
	one := keyOf(post(card))
	require.NotEmpty(t, one)
	again := card
	again.Now, again.Notice.Attempts, again.Notice.Unsure, again.PossibleRepeat = card.Now.Add(time.Hour), 3, true, true
	require.Equal(t, one, keyOf(post(again)), "the same message")
	other := card
	d := *card.Dossier
	other.Dossier, d.Case.ID = &d, "01JDCASE0000000000000000XY"
	other.Notice.Case, other.Notice.Key = d.Case.ID, d.Case.ID+"/1/card/support"
	require.NotEqual(t, one, keyOf(post(other)), "another case")
	re := Message(record.NoticeReply, record.StateOpen)
	one = keyOf(reply(re))
	require.Equal(t, one, keyOf(reply(re)), "the same reply")
	for _, k := range []record.NoticeKind{record.NoticeDigest, record.NoticeOps} {
		m := Note(k)
		first := keyOf(post(m))
		require.Equal(t, first, keyOf(post(m)))
		m.Notice.Key += "/other"
		require.NotEqual(t, first, keyOf(post(m)), "another %s", k)
	}
}

// hostile sends text that wants to be more than text.
func (p Place) hostile(t *testing.T) {
	s := &sent{}
	r := p.receiver(t, serve(t, s.handler(p.Taken)), 10*time.Second, nil)
	SendHostile(t, r)
	_, bodies := s.take()
	require.GreaterOrEqual(t, len(bodies), 4)
	for _, b := range bodies {
		p.Inert(t, b)
	}
}

// SendHostile sends a receiver all messages in which everything is hostile, as
// each kind of message.
func SendHostile(t *testing.T, r alert.Receiver) {
	t.Helper()
	for _, m := range Hostile() {
		_, err := r.Post(t.Context(), m)
		require.NoError(t, err)
	}
	_, err := r.Reply(t.Context(), Root(), Hostile()[1])
	require.NoError(t, err)
	require.NoError(t, r.Update(t.Context(), Root(), Hostile()[0]))
}

// lookUps asks for a message at a place that does not answer as it should.
func (p Place) lookUps(t *testing.T) {
	x, ok := p.receiver(t, closed(t), short, nil).(alert.Repeater)
	require.Equal(t, p.LookUp == Repeats && !p.NoUpdates, ok && x.Repeats(), "whether an update that comes again says so")
	for name, base := range map[string]string{
		"status 500":     serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }),
		"status 403":     serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }),
		"nobody listens": closed(t),
		"no answer":      hanging(t),
	} {
		t.Run(name, func(t *testing.T) {
			_, found, err := p.receiver(t, base, short, nil).Find(t.Context(), "k", time.Now(), nil)
			require.False(t, found)
			switch p.LookUp {
			case Looks:
				require.Error(t, err, "no answer is no proof of absence")
				Silent(t, err, p.Secrets...)
			case Repeats:
				require.ErrorIs(t, err, alert.ErrNoLookUp)
			case Same:
				require.NoError(t, err)
			}
		})
	}
}
