package file_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/leakytap/leakytap/internal/ingest"
	"github.com/leakytap/leakytap/internal/ingest/file"
	"github.com/leakytap/leakytap/internal/ingest/ingesttest"
	"github.com/leakytap/leakytap/internal/setting"
	"github.com/leakytap/leakytap/pkg/mention"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const poll = 10 * time.Millisecond

// rig follows posts.jsonl in a folder of its own.
type rig struct {
	*ingesttest.Rig
	t    *testing.T
	path string
}

func newRig(t *testing.T) *rig {
	t.Helper()
	return &rig{Rig: ingesttest.New(t, ingesttest.Brands{"acme": "acme"}), t: t, path: filepath.Join(t.TempDir(), "posts.jsonl")}
}

func (r *rig) start() {
	r.t.Helper()
	src, err := file.New(ingest.Config{Name: "log", Type: ingest.TypeFile, Path: r.path, Poll: setting.Duration(poll)})
	require.NoError(r.t, err)
	r.Start(ingest.Spec{Name: "log", Type: ingest.TypeFile, Poll: poll, Source: src})
}

func (r *rig) add(path, text string) {
	r.t.Helper()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	require.NoError(r.t, err)
	_, err = f.WriteString(text)
	require.NoError(r.t, err)
	require.NoError(r.t, f.Close())
}

// ids are the ids so far, in order.
func (r *rig) ids() string {
	r.t.Helper()
	var out []string
	for _, e := range r.Log.Matched(r.t) {
		out = append(out, e.Mention.ID)
	}
	return strings.Join(out, " ")
}

func (r *rig) wait(ids string) {
	r.t.Helper()
	r.Wait(len(strings.Fields(ids)))
	require.Equal(r.t, ids, r.ids())
}

// polls waits as long as n polls take at least.
func (r *rig) polls(n int) {
	r.t.Helper()
	<-time.After(time.Duration(n) * poll * 3)
}

func post(id string) string { return fmt.Sprintf(`{"id":"x:%s","text":"acme %s"}`, id, id) }

func TestFollows(t *testing.T) {
	r := newRig(t)
	r.start()
	r.WaitError("log", ingest.ReasonFile)
	r.add(r.path, "\xEF\xBB\xBF"+post("1")+"\r\n\n"+`{"id":"x:2","te`)
	r.wait("x:1")
	r.add(r.path, `xt":"acme two"}`+"\n"+`{"id":"3","text":"acme three"}`)
	r.wait("x:1 x:2 log:3")
	// What follows a line that was taken without its end is a line of its own.
	r.add(r.path, "\n"+post("4")+"\n")
	r.wait("x:1 x:2 log:3 x:4")
	require.Empty(t, r.Log.Dead())
	require.WithinDuration(t, time.Now(), r.Log.Matched(t)[0].Mention.ObservedAt, time.Minute)
	stats, err := r.Store.SourceStats(t.Context())
	require.NoError(t, err)
	require.Len(t, stats, 1)
	require.False(t, stats[0].LastOK.IsZero())
}

func TestBadLines(t *testing.T) {
	r := newRig(t)
	long := `{"id":"x:9","text":"acme ` + strings.Repeat("a", 3*mention.MaxRecord) + `"}`
	r.add(r.path, strings.Join([]string{post("1"), "no json", "", `{"id":"x:7"}`, long, "\x00\x00", post("2"), `[` + post("3") + `]`, post("4"), ""}, "\n"))
	r.start()
	r.wait("x:1 x:2 x:4")
	var got []string
	for _, d := range r.Log.Dead() {
		require.Equal(t, ingest.Stage, d.Stage)
		require.Equal(t, "log", d.Message.Key)
		got = append(got, d.Reason+": "+d.Cause.Error())
		require.LessOrEqual(t, len(d.Message.Value), 256<<10)
	}
	require.Equal(t, []string{
		"bad_line: line 2: record is no JSON object",
		"bad_line: line 4: row has no text; give text, or title or rating",
		"too_large: line 5: record is over 1 MiB",
		"bad_line: line 6: record is no JSON object",
		"bad_line: line 8: record is no JSON object",
	}, got)
	require.Equal(t, "no json", string(r.Log.Dead()[0].Message.Value))
	require.InDelta(t, 4, r.Errors("log", ingest.ReasonBadLine), 0)
	require.InDelta(t, 1, r.Errors("log", ingest.ReasonTooLarge), 0)
}

// Half a line is not read, however long its writer pauses.
func TestHalfALine(t *testing.T) {
	r := newRig(t)
	r.add(r.path, post("1")+"\n"+`{"id":"x:2","text":"acme`)
	r.start()
	r.WaitError("log", ingest.ReasonBadLine) // told of once it rests
	r.Stop()
	r.start()
	r.WaitError("log", ingest.ReasonBadLine)
	r.polls(3)
	require.InDelta(t, 1, r.Errors("log", ingest.ReasonBadLine), 0)
	r.add(r.path, ` two"}`+"\n")
	r.wait("x:1 x:2")
	require.Empty(t, r.Log.Dead())
}

// A line that is too long is left out while it is still being written.
func TestALongLineThatGrows(t *testing.T) {
	r := newRig(t)
	r.start()
	for n := range 5 {
		r.add(r.path, strings.Repeat("a", mention.MaxRecord/2))
		if n == 2 {
			r.Until("the dead letter", func() bool { return len(r.Log.Dead()) == 1 })
			r.Stop()
			r.start()
		}
	}
	r.add(r.path, "a\n"+post("1")+"\nno json\n")
	r.wait("x:1")
	r.Until("the second dead letter", func() bool { return len(r.Log.Dead()) == 2 })
	require.Equal(t, "line 1: record is over 1 MiB", r.Log.Dead()[0].Cause.Error())
	require.Equal(t, "line 3: record is no JSON object", r.Log.Dead()[1].Cause.Error())
}

func TestContinuesAfterARestart(t *testing.T) {
	r := newRig(t)
	r.add(r.path, post("1")+"\nno json\n"+post("2")+"\n")
	r.start()
	r.wait("x:1 x:2")
	r.Stop()
	r.add(r.path, post("3")+"\n")
	r.start()
	r.wait("x:1 x:2 x:3")
	// A line that was read again would be one that is bad again.
	require.Len(t, r.Log.Dead(), 1)
	r.Until("the third line is counted", func() bool { return r.Metric("leakytap_mentions_collected_total", "source", "log") == 1 })
}

func TestManyLines(t *testing.T) {
	r := newRig(t)
	var b strings.Builder
	for n := range 2300 {
		b.WriteString(post(strconv.Itoa(n)) + "\n")
	}
	r.add(r.path, b.String())
	r.start()
	got := r.Wait(2300)
	for n, e := range got {
		require.Equal(t, fmt.Sprintf("x:%d", n), e.Mention.ID)
	}
}

// The cursor moves only with what is on the log.
func TestTheLogIsDown(t *testing.T) {
	r := newRig(t)
	r.Log.SetDown(true)
	r.add(r.path, post("1")+"\n"+post("2")+"\n")
	r.start()
	r.WaitError("log", ingest.ReasonPublish)
	r.Stop()
	r.Log.SetDown(false)
	r.start()
	r.wait("x:1 x:2")
}

// Whatever becomes of the file, every line that was written arrives.
func TestAnotherFile(t *testing.T) {
	write := func(r *rig, text string) { require.NoError(r.t, os.WriteFile(r.path, []byte(text), 0o600)) }
	move := func(r *rig) { require.NoError(r.t, os.Rename(r.path, r.path+".1")) }
	for _, tc := range []struct {
		name   string
		change func(r *rig)
		want   string
	}{
		{"truncated", func(r *rig) { write(r, post("3")+"\n") }, "x:1 x:2 x:3"},
		{"truncated, and longer than before", func(r *rig) { write(r, post("3")+"\n"+post("4")+"\n"+post("5")+"\n"+post("6")+"\n") }, "x:1 x:2 x:3 x:4 x:5 x:6"},
		{"truncated, begins alike", func(r *rig) { write(r, post("1")+"\n"+post("3")+"\n"+post("4")+"\n") }, "x:1 x:2 x:3 x:4"},
		{"emptied, then written", func(r *rig) { write(r, ""); r.polls(2); r.add(r.path, post("3")+"\n") }, "x:1 x:2 x:3"},
		{"rotated", func(r *rig) { move(r); write(r, post("3")+"\n") }, "x:1 x:2 x:3"},
		{"rotated, the writer comes after", func(r *rig) {
			move(r)
			r.add(r.path+".1", post("3")+"\n"+post("4"))
			write(r, post("5")+"\n")
		}, "x:1 x:2 x:3 x:4 x:5"},
		{"rotated, nothing new for a while", func(r *rig) { move(r); r.add(r.path+".1", post("3")+"\n"); r.polls(8); write(r, post("4")+"\n") }, "x:1 x:2 x:3 x:4"},
		{"replaced by an edition", func(r *rig) {
			require.NoError(r.t, os.WriteFile(r.path+".new", []byte(post("1")+"\n"+post("2")+"\n"+post("3")+"\n"), 0o600))
			require.NoError(r.t, os.Rename(r.path+".new", r.path))
		}, "x:1 x:2 x:3"},
		{"deleted and made anew", func(r *rig) { require.NoError(r.t, os.Remove(r.path)); write(r, post("3")+"\n") }, "x:1 x:2 x:3"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for _, stopped := range []bool{false, true} {
				r := newRig(t)
				r.add(r.path, post("1")+"\n"+post("2")+"\n")
				r.start()
				r.wait("x:1 x:2")
				if stopped {
					r.Stop()
					tc.change(r)
					r.start()
				} else {
					tc.change(r)
				}
				r.wait(tc.want)
				r.Stop()
				require.Empty(t, r.Log.Dead())
			}
		})
	}
}

func TestNoFile(t *testing.T) {
	_, err := file.New(ingest.Config{Name: "log"})
	require.ErrorContains(t, err, "path is missing")
	for name, change := range map[string]func(r *rig) error{
		"a folder": func(r *rig) error { return os.Mkdir(r.path, 0o700) },
		"a pipe":   func(r *rig) error { return syscall.Mkfifo(r.path, 0o600) },
		"a link to nowhere": func(r *rig) error {
			return os.Symlink(r.path+".none", r.path)
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			require.NoError(t, change(r))
			r.start()
			r.WaitError("log", ingest.ReasonFile)
			require.NoError(t, os.Remove(r.path))
			r.add(r.path, post("1")+"\n")
			r.wait("x:1")
		})
	}
}
