package mention

// How long each field may be, in bytes of UTF-8 unless it says otherwise.
// Longer values are cut at a character, never refused: a stranger's long post
// must not hide a complaint.
const (
	// MaxText is the longest text: longer than any platform's post, short enough
	// that an envelope fits a Kafka record many times over.
	MaxText = 32 << 10
	// MaxTitle is the longest title.
	MaxTitle = 1 << 10
	// MaxName is the longest display name or handle.
	MaxName = 256
	// MaxID is the longest id; a longer native id is replaced by its hash.
	MaxID = 512
	// MaxURL is the longest URL; a longer one is dropped, since half a link leads nowhere.
	MaxURL = 4 << 10
	// MaxRecord is the largest JSON record that Decode reads.
	MaxRecord = 1 << 20
	// MaxMarks is the most combining marks kept on one character.
	MaxMarks = 8
)
