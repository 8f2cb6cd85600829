package about_test

import (
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/casework/about"
)

func TestAbout(t *testing.T) {
	t.Parallel()
	p := about.New()
	for _, c := range []struct{ name, text, want string }{
		{"a luggage complaint", "3 days now and @acmeair still can't find my lost luggage. The baggage desk hung up on me.", "lost luggage, baggage desk"},
		{"an app", "your app crashes on login since the update #acme", "app crashes"},
		{"a refund", "Acme has refused my refund for a cancelled flight", "refund"},
		{"a router", "the new router from acme drops the connection every evening", "router"},
		{"nothing but anger", "worst. company. ever. @acme", ""},
		{"nothing", "", ""},
		{"only signs", "!!!??? ... :)", ""},
		{"only a link", "https://social.example/x @acme", ""},
		{"the brand alone", "acme acme #acme", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := p.About(c.text, []string{"acme", "@acmeair", "Acme Air"})
			if c.want == "" {
				require.Empty(t, got)
			} else {
				require.Contains(t, got, c.want)
			}
		})
	}
}

func TestAboutTogether(t *testing.T) {
	t.Parallel()
	p := about.New()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 5 {
				if got := p.About("my parcel never came", nil); got != "parcel" {
					t.Errorf("got %q", got)
				}
			}
		})
	}
	wg.Wait()
}

// Any text gets a short answer, and soon: prose alone needs seconds for some of these.
func FuzzAbout(f *testing.F) {
	p := about.New()
	for _, s := range []string{
		"my lost luggage", strings.Repeat(".", 16000), strings.Repeat("(", 16000), strings.Repeat("n't", 5000),
		strings.Repeat("'s'll", 4000), "\xff\xfe\x00", strings.Repeat("é", 600), "O.o :-( ¯\\_(ツ)_/¯", strings.Repeat("a ", 4000),
		strings.Repeat("x", 4000), "-RRB- * 0 *T*-1 -NONE-", "U.S.A. & co/op's",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := p.About(text, []string{"acme"})
		require.LessOrEqual(t, len(got), 60)
		require.True(t, utf8.ValidString(got))
		require.NotContains(t, got, "\n")
	})
}

func BenchmarkAbout(b *testing.B) {
	p := about.New()
	p.About("warm", nil)
	for b.Loop() {
		p.About("3 days now and @acmeair still can't find my lost luggage. The baggage desk hung up on me twice, the app says delivered.", nil)
	}
}

func BenchmarkAboutHostile(b *testing.B) {
	p := about.New()
	text := strings.Repeat("(n't'", 4000)
	for b.Loop() {
		p.About(text, nil)
	}
}
