package asks

import (
	"regexp"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// fold brings a sentence to lower case without accents, so that one pattern reads
// several ways of writing.
func fold(s string) string {
	var b strings.Builder
	for _, r := range norm.NFD.String(strings.ToLower(s)) {
		switch {
		case r >= 0x300 && r < 0x370:
		case r == '’' || r == '`':
			b.WriteByte('\'')
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

var (
	toldWords = regexp.MustCompile(`\b(you|they|he|she|support|agent|chat|your \w+) (said|promised|told|swore|guaranteed|assured)\b` +
		`|\b(was|were|been|got) (told|promised|assured)\b|\bsaid (it|they|you|he|she|someone) (would|will|'d)\b|\bpromised (me|us|a|to|it)\b` +
		`|\b(was|were) (supposed|meant|due) to\b|\bwithin \d+ (hours|days|weeks)\b.*\b(said|promised)\b|\bbroken promise` +
		`|\b(dijeron|dijisteis|prometieron|prometisteis|me dijo|me habian dicho)\b|\b(vous avez dit|vous aviez dit|on m'a dit|promis)\b` +
		`|\b(ihr habt gesagt|versprochen|wurde (mir )?gesagt|hiess es|hieß es|zugesagt)\b|\b(disseram|prometeram|foi dito|prometido)\b`)

	asked = map[Kind]*regexp.Regexp{
		Acknowledge: regexp.MustCompile(`\bapolog|\bsay sorry\b|\b(please|just|at least|can you|could you|will you|anyone|someone|somebody|nobody|no one|never|not) (\w+ )?(reply|respond|answer|listen|acknowledge)` +
			`|\b(no|any) (answer|reply|response)\b|\bignor(ed|ing|es|e) (me|us|my|our|every)|\banyone (there|home|alive|listening)\b|\bhello\?` +
			`|\b(nadie contesta|nadie responde|sin respuesta|aucune r[e]ponse|personne ne repond|keine antwort|niemand antwortet|ninguem responde|sem resposta)\b`),
		Own: regexp.MustCompile(`\b(call|contact|phone|ring|email|dm|message) (me|us)\b|\b(speak|talk|get through) (to|with) (a|an|some|your|the|any)\b` +
			`|\b(a|an|any|real|actual) (human|person|manager|supervisor)\b|\bwho is (responsible|in charge)\b|\btake (responsibility|ownership|care)\b` +
			`|\b(someone|somebody|anyone|anybody) (please |to |who |from |at )?(to )?(call|help|sort|fix|own|look|contact|take)` +
			`|\b(llamadme|llamenme|hablar con|rappelez|parler a|ruft mich|sprechen mit|liguem|falar com)\b`),
		When: regexp.MustCompile(`\bwhen (will|can|are|is|do|does|am|would|should|exactly)\b|\bhow (long|much longer|many more)\b|\b(what|any|an?) (date|eta|time frame|timeline)\b|\beta\b` +
			`|\bby when\b|\buntil when\b|\bsince when\b|\b(cuando|cuanto tiempo|quand|combien de temps|bis wann|wann|wie lange|quando|quanto tempo)\b`),
		Next: regexp.MustCompile(`\b(refund|reimburs|compensat|replac(e|ement)|money back|fix (it|this|my|our|the)|sort (it|this|my|our) ?(out)?|repair|resend|send (me|us|it|my|a)|cancel my|give (me|us)|reconnect|rebook|help (me|us))\b` +
			`|\bi (want|need|demand|expect|would like|'d like)\b|\bwhat (do|should|can|am) (i|we)\b|\bhow (do|can|should) (i|we)\b|\bwhere (is|are|'s)\b` +
			`|\b(quiero|reembolso|devolucion|devuelv|je veux|rembours|ich will|ich mochte|erstattung|geld zuruck|quero|reembolso|estorno)\b`),
	}
)

// told reports whether a folded sentence speaks of an earlier promise.
func told(s string) bool { return toldWords.MatchString(s) }

// asksFor reports whether a folded sentence asks for something of that kind.
func asksFor(k Kind, s string) bool { return asked[k].MatchString(s) }
