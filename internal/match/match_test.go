package match

import (
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/brand"
	"github.com/leakytap/leakytap/pkg/mention"
)

func TestMatchText(t *testing.T) {
	for _, tc := range []struct{ name, query, text, want string }{
		{"word", "acme", "I hate Acme!", "a[acme]"},
		{"word boundary", "acme", "acmeville is fine", ""},
		{"possessive", "acme", "acme's app", "a[acme]"},
		{"case", "ACME", "aCmE", "a[ACME]"},
		{"accents in the text", "cafe", "Café", "a[cafe]"},
		{"accents in the query", "café", "CAFE", "a[café]"},
		{"decomposed accents", "café", "cafe\u0301", "a[café]"},
		{"sharp s", "strasse", "Straße", "a[strasse]"},
		{"stroke letters", "lodz", "Łódź", "a[lodz]"},
		{"dotless i", "istanbul", "ıstanbul İSTANBUL", "a[istanbul]"},
		{"full width", "acme", "ＡＣＭＥ", "a[acme]"},
		{"mathematical letters", "acme", "𝗔𝗰𝗺𝗲", "a[acme]"},
		{"zero width inside", "acme", "ac\u200bme", "a[acme]"},
		{"soft hyphen", "acme", "ac\u00adme", "a[acme]"},
		{"bidi", "acme", "\u202eac\u2066me", "a[acme]"},
		{"trade mark", "acme", "Acme™ broke", "a[acme]"},
		{"underscore markup", "acme", "_acme_ is bad", "a[acme]"},
		{"inner underscore", "acme", "acme_air", ""},
		{"in a url", "acme", "see https://acme.example/help", "a[acme]"},
		{"phrase", `"acme air"`, "flying Acme  Air today", `a["acme air"]`},
		{"phrase across punctuation", `"acme air"`, "acme-air", `a["acme air"]`},
		{"phrase in the wrong order", `"acme air"`, "air acme", ""},
		{"phrase with a gap", `"acme air"`, "acme the air", ""},
		{"phrases that overlap", `"aa bb" AND "bb cc"`, "aa bb cc", `a["aa bb" "bb cc"]`},
		{"phrase that restarts", `"aa aa bb"`, "aa aa aa bb", `a["aa aa bb"]`},
		{"prefix", "refund*", "they refunded me", "a[refund*]"},
		{"prefix is whole", "refund*", "refund", "a[refund*]"},
		{"prefix too long", "refund*", "refun", ""},
		{"prefix in a phrase", `"acme air*"`, "the acme airline", `a["acme air*"]`},
		{"prefix inside a phrase", `"refund* now"`, "refunds now", `a["refund* now"]`},
		{"handle", "@acme", "hey @Acme!", "a[@acme]"},
		{"handle wants its sign", "@acme", "hey acme", ""},
		{"handle is whole", "@acme", "@acme_fans and @acme-fans", ""},
		{"handle with domain", "@acme", "@acme.bsky.example lost it", "a[@acme]"},
		{"handle at the end of a sentence", "@acme", "thanks @acme.", "a[@acme]"},
		{"handle before a dash", "@acme", "@acme- why", "a[@acme]"},
		{"handle with full domain", "@acme.bsky.example", "@acme.bsky.example.", "a[@acme.bsky.example]"},
		{"other domain", "@acme.example", "@acme.test", ""},
		{"fediverse", "@acme", "@acme@social.example", "a[@acme]"},
		{"not the server", "@social", "@acme@social.example", ""},
		{"e-mail is no handle", "@acme", "jo@acme.example", ""},
		{"handle in markup", "@acme", "_@acme_", "a[@acme]"},
		{"handle with a real underscore", "@acme_", "@acme_", "a[@acme_]"},
		{"handle in japanese", "@acme", "@acmeさん最悪です", "a[@acme]"},
		{"handle after japanese", "@acme", "最悪@acme", "a[@acme]"},
		{"prefix handle", "@acme*", "@acmehelp", "a[@acme*]"},
		{"tag", "#acme", "so bad #ACME", "a[#acme]"},
		{"tag is whole", "#acme", "#acmefail", ""},
		{"prefix tag", "#acme*", "#acmefail", "a[#acme*]"},
		{"tag wants its sign", "#acme", "acme", ""},
		{"tag inside a word", "#acme", "page#acme", ""},
		{"cjk tag", "#アクメ", "最悪 #アクメ です", "a[#アクメ]"},
		{"cjk tag is whole", "#アクメ", "#アクメエア", ""},
		{"plain word in a handle", "acmeair", "@acmeair", "a[acmeair]"},
		{"plain word in a tag", "acmeair", "#acmeair", "a[acmeair]"},
		{"handle inside a phrase", `"thanks @acme again"`, "Thanks @acme.bsky.example again", `a["thanks @acme again"]`},
		{"cjk inside", "アクメ", "今日のアクメエアは最悪", "a[アクメ]"},
		{"half width kana", "パス", "ﾊﾟｽ", "a[パス]"},
		{"kana marks are letters", "ハス", "バス", ""},
		{"han inside", "航空", "極致航空公司", "a[航空]"},
		{"thai inside", "สายการบิน", "เกลียดสายการบินนี้", "a[สายการบิน]"},
		{"thai vowel is a letter", "กา", "กี", ""},
		{"hangul with a particle", "아크메", "아크메가 최악", "a[아크메]"},
		{"hangul jamo", "각하", "\u1100\u1161\u11a8\u1112\u1161", "a[각하]"},
		{"hangul syllables are whole", "가나", "각나", ""},
		{"decomposed hangul", "가나", "\u1100\u1161\u1102\u1161", "a[가나]"},
		{"latin in cjk", "acme", "私のacmeは", "a[acme]"},
		{"mixed scripts", "acmeエア", "のacmeエアは", "a[acmeエア]"},
		{"emoji", "🍎 NOT 🍏", "my 🍎 broke", "a[🍎]"},
		{"emoji in another style", "❤️", "❤", "a[❤️]"},
		{"arabic points", "محمد", "مُحَمَّد", "a[محمد]"},
		{"cyrillic", "жёлтый", "желтый", "a[жёлтый]"},
		{"and", "acme AND refund", "refund from acme", "a[acme refund]"},
		{"and lacks one", "acme AND refund", "acme", ""},
		{"only the true side of an OR counts", "(acme AND refund) OR bolt", "acme bolt", "a[bolt]"},
		{"terms once", "acme OR acme", "acme acme", "a[acme]"},
		{"near", "refund NEAR/2 acme", "refund from the acme", "a[refund NEAR/2 acme]"},
		{"near backwards", "refund NEAR/2 acme", "acme owes a refund", "a[refund NEAR/2 acme]"},
		{"near too far", "refund NEAR/2 acme", "refund one two three acme", ""},
		{"near itself", "acme NEAR/3 acme*", "acme", ""},
		{"near twice", "acme NEAR/3 acme*", "acme acmes", "a[acme NEAR/3 acme*]"},
		{"near a group", `(refund OR money) NEAR/1 "acme air"`, "money for acme air", `a[(refund OR money) NEAR/1 "acme air"]`},
		{"near chain", "aa NEAR/1 bb NEAR/1 cc", "aa bb x cc", "a[aa NEAR/1 bb bb NEAR/1 cc]"},
		{"not near", "acme NOT (refund NEAR/2 acme)", "acme refund", "a[acme] but refund NEAR/2 acme"},
		{"near next to what is far", "refund NEAR/1 acme", "refund x x x refund acme", "a[refund NEAR/1 acme]"},
		{"contract match", `("acme air" OR @acmeair OR #acmeair) NOT "acme air force"`, "3 hours on hold with @acmeair. still waiting.", "a[@acmeair]"},
		{"contract excluded", `("acme air" OR @acmeair OR #acmeair) NOT "acme air force"`, "acme air force wins again", `a["acme air"] but "acme air force"`},
		{"not is about the whole post", `"acme air" NOT "acme air force"`, "acme air lost my bag, acme air force did not", `a["acme air"] but "acme air force"`},
		{"the first not is named", "acme NOT bolt NOT cord", "cord bolt acme", "a[acme] but bolt"},
		{"not in one branch", "(acme NOT bolt) OR cord", "acme bolt cord", "a[acme cord]"},
		{"not in the only branch", "(acme NOT bolt) OR cord", "acme bolt", "a[acme] but bolt"},
		{"not of an and", "acme NOT (bolt cord)", "acme bolt", "a[acme]"},
		{"not of an and holds", "acme NOT (bolt cord)", "acme bolt cord", "a[acme] but bolt"},
		{"not not", "acme NOT (NOT bolt)", "acme", ""},
		{"excluded is not near a match", "acme AND refund NOT bolt", "acme bolt", ""},
		{"empty text", "acme", "", ""},
		{"invalid bytes", "acme", "\xff\xfeacme\xc3", "a[acme]"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			require.Equal(t, tc.want, outcome(set(t, tc.query).Match(post(tc.text))))
		})
	}
}

func TestMatchFields(t *testing.T) {
	m := mention.Mention{
		Text: "acme is down", Title: "late refund", Source: "forum", Platform: "rss", Kind: mention.KindReply, Lang: "en-GB",
		Author: mention.Author{Handle: "Jo.Example", ID: "did:plc:x"}, ParentID: "rss:1",
	}
	for query, want := range map[string]string{
		"acme source:Forum":        "a[acme source:Forum]",
		"acme source:rss":          "a[acme source:rss]",
		"acme source:other":        "",
		"source:forum":             "a[source:forum]",
		"from:@jo.example":         "a[from:@jo.example]",
		"from:jo":                  "a[from:jo]",
		"from:example":             "",
		"from:did:plc:x":           "a[from:did:plc:x]",
		"acme lang:en":             "a[acme lang:en]",
		"acme lang:de":             "",
		"acme NOT lang:eng":        "a[acme] but lang:eng",
		"acme NOT lang:de":         "a[acme]",
		"acme kind:reply":          "a[acme kind:reply]",
		"acme kind:post":           "",
		"acme NOT is:reply":        "a[acme] but is:reply",
		"refund":                   "a[refund]",
		`"refund acme"`:            "",
		"refund NEAR/100 acme":     "",
		`acme NOT source:"forum"`:  `a[acme] but source:"forum"`,
		"acme (lang:de OR refund)": "a[acme refund]",
	} {
		require.Equal(t, want, outcome(set(t, query).Match(m)), query)
	}
	require.Equal(t, "a[acme kind:post]", outcome(set(t, "acme kind:post").Match(post("acme"))))
	require.Equal(t, "a[acme lang:und]", outcome(set(t, "acme lang:und").Match(post("acme"))))
	require.Empty(t, set(t, "acme is:reply").Match(post("acme")))
}

func TestLanguagesKeepWhatIsNotKnown(t *testing.T) {
	s, err := Compile([]brand.Brand{{Name: "acme", Query: "acme NOT bolt", Languages: []string{"en", "pt-BR"}}})
	require.NoError(t, err)
	for lang, want := range map[string]string{
		"en": "acme[acme]", "EN-gb": "acme[acme]", "eng": "acme[acme]", "pt": "acme[acme]", "": "acme[acme]",
		"und": "acme[acme]", "english!": "acme[acme]", "qme": "acme[acme]",
		"de": "acme[acme] but languages: de", "ger": "acme[acme] but languages: de",
	} {
		require.Equal(t, want, outcome(s.Match(mention.Mention{Text: "acme", Lang: lang})), lang)
	}
	require.Equal(t, "acme[acme] but bolt", outcome(s.Match(mention.Mention{Text: "acme bolt", Lang: "de"})))
}

func TestMatchManyBrands(t *testing.T) {
	s := set(t, "acme", "acme AND bolt", "cord NOT acme", `"acme bolt"`, "@acme", "cord")
	require.Equal(t, 6, s.Len())
	require.Equal(t, `a[acme], b[acme bolt], c[cord] but acme, d["acme bolt"], f[cord]`, outcome(s.Match(post("acme bolt cord"))))
	require.Empty(t, s.Match(post("nothing here")))
	require.Equal(t, "e[@acme]", outcome(set(t, "x1", "x2", "x3", "x4", "@acme").Match(post("@acme"))))
}

func TestCompileNamesEveryBrokenBrand(t *testing.T) {
	_, err := Compile([]brand.Brand{{Name: "one", Query: "("}, {Name: "two", Query: "acme"}, {Name: "three", Query: "NOT x"}, {Name: "two", Query: "bolt"}})
	require.EqualError(t, err, "compiling the query of brand one: the query ends where a term should stand\n"+
		"compiling the query of brand three: the one-letter term x would match too much; use a longer word, a phrase, an @handle or a #tag\n"+
		"compiling brands: two are named two")
	var se *SyntaxError
	require.ErrorAs(t, err, &se)
	s, err := Compile(nil)
	require.NoError(t, err)
	require.Empty(t, s.Match(post("acme")))
}

func TestMatchIsBoundedOnHostileText(t *testing.T) {
	s := set(t, "(aa NEAR/3 bb) OR (aa NEAR/100 bb NEAR/100 cc)", `"`+strings.Repeat("aa ", 100)+`"`, "aa* OR aaa* OR aaaa*")
	for _, text := range []string{
		strings.Repeat("aa ", 11_000), strings.Repeat("aa bb ", 5_500), strings.Repeat("a", 32<<10),
		strings.Repeat("@", 32<<10), strings.Repeat("@aa.", 8<<10), strings.Repeat("#_", 16<<10), strings.Repeat("_", 32<<10),
		strings.Repeat("a\u0301", 10_000), strings.Repeat("\u1100", 10_000), strings.Repeat("ﷺ", 10_000),
	} {
		s.Match(post(text))
	}
}

func TestMatchFromManyGoroutines(t *testing.T) {
	s := set(t, "acme NOT bolt", "cord NEAR/3 acme")
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 200 {
				if got := outcome(s.Match(post("a cord for acme and bolt"))); got != "a[acme] but bolt, b[cord NEAR/3 acme]" {
					t.Errorf("got %s", got)
					return
				}
			}
		})
	}
	wg.Wait()
}

func TestStampsComeAround(t *testing.T) {
	s := set(t, "acme NOT bolt")
	sc := s.scratch()
	sc.pass, sc.turn = ^uint32(0), ^uint32(0)
	s.pool.Put(sc)
	for range 3 {
		require.Equal(t, "a[acme] but bolt", outcome(s.Match(post("acme bolt"))))
		require.Equal(t, "a[acme]", outcome(s.Match(post("acme"))))
	}
}

func TestNoHitAllocatesNothing(t *testing.T) {
	s := set(t, `("acme air" OR @acmeair OR #acmeair) NOT "acme air force"`, "refund NEAR/3 acme", "from:jo source:x lang:en")
	m := mention.Mention{Text: "Ünrelated pöst about the weather, @jo #rain", Lang: "en-GB", Author: mention.Author{Handle: "al.example"}}
	sc := s.scratch() // without the pool, which forgets at random under the race detector
	require.Zero(t, testing.AllocsPerRun(200, func() { sc.scan(m) }))
	require.Empty(t, sc.touched)
}
