package target

// commonWord tells whether a name is an everyday word, so that a text which has the
// word may be about something else.
func commonWord(w string) bool {
	switch w {
	case "apple", "orange", "delta", "united", "target", "shell", "slate", "bolt", "dove", "amber", "mercury", "ripple",
		"sprint", "visa", "chase", "discover", "gap", "next", "boots", "virgin", "spirit", "frontier", "southwest",
		"amazon", "oracle", "windows", "office", "word", "teams", "zoom", "slack", "notion", "square", "stripe", "block",
		"monday", "mint", "robin", "puma", "jaguar", "mustang", "fiesta", "focus", "golf", "polo", "beetle", "ram",
		"dodge", "lincoln", "saturn", "galaxy", "pixel", "surface", "edge", "chrome", "safari", "opera", "signal",
		"telegram", "discord", "twitch", "steam", "epic", "origin", "spark", "nova", "pulse", "echo", "fire", "kindle",
		"nest", "ring", "wing", "tide", "gain", "bounce", "dawn", "joy", "cascade", "crest", "olive", "ivory", "coral",
		"ruby", "pearl", "jade", "sage", "basil", "ginger", "pepper", "cherry", "peach", "plum", "lemon", "lime", "melon",
		"mango", "kiwi", "fig", "berry", "acorn", "oak", "maple", "willow", "cedar", "birch", "pine", "fern", "ivy",
		"lotus", "lily", "rose", "iris", "daisy", "clover", "thistle", "heather", "meadow", "river", "brook", "lake",
		"ocean", "wave", "storm", "thunder", "lightning", "blaze", "ember", "flame", "frost", "glacier", "summit", "peak",
		"ridge", "canyon", "mesa", "prairie", "harbor", "harbour", "anchor", "compass", "beacon", "lantern", "torch",
		"candle", "prism", "crystal", "diamond", "gold", "silver", "copper", "iron", "steel", "titan", "atlas", "apollo",
		"hermes", "venus", "mars", "jupiter", "pluto", "luna", "star", "comet", "orbit", "rocket", "shuttle", "pilot",
		"captain", "scout", "ranger", "hunter", "archer", "knight", "bishop", "castle", "crown", "royal", "regal",
		"noble", "prime", "alpha", "beta", "omega", "sigma", "metro", "urban", "union", "liberty", "freedom", "patriot",
		"eagle", "falcon", "hawk", "owl", "raven", "swan", "crane", "heron", "wren", "finch", "lark", "fox", "wolf",
		"bear", "lion", "tiger", "panther", "leopard", "cheetah", "bull", "bronco", "colt", "stallion", "hive", "bee",
		"hornet", "wasp", "spider", "cricket", "ant", "magnet", "anvil", "hammer", "forge", "foundry", "mill", "mason",
		"cooper", "sketch", "canvas", "palette", "bamboo", "domino", "subway", "arrow", "bullet", "trigger", "wish",
		"hinge", "bumble", "tinder", "spring", "summer", "autumn", "winter", "sunrise", "sunset", "horizon", "aurora",
		"eclipse", "shadow", "whisper", "halo", "aura", "essence", "zen", "karma", "oasis", "mirage", "haven",
		"sanctuary", "paradise", "eden", "genesis", "exodus", "phoenix", "dragon", "griffin", "pegasus", "unicorn",
		"seal", "otter", "dolphin", "whale", "shark", "marlin", "salmon", "trout", "bass", "coach", "guess", "monsoon",
		"champion", "guardian", "sentinel", "shield", "tower", "bridge", "gate", "door", "key", "lock", "box", "bag",
		"cup", "plate", "fork", "spoon", "knife", "bread", "butter", "honey", "sugar", "salt", "milk", "cream", "coffee",
		"tea", "juice", "water", "sun", "moon", "sky", "cloud", "rain", "snow", "ice", "wind", "earth", "stone", "rock",
		"sand", "tree", "leaf", "seed", "root", "branch", "flower", "grass", "bird", "fish", "cat", "dog", "horse", "cow",
		"duck", "goose", "hen", "egg", "gem", "jewel", "lace", "silk", "cotton", "wool", "linen", "velvet", "leather",
		"denim", "cashmere", "fossil", "relic", "legend", "myth", "fable", "story", "page", "book", "paper", "pen",
		"pencil", "brush", "paint", "ink", "stamp", "post", "mail", "letter", "card", "note", "record", "tape", "disc",
		"drum", "horn", "bell", "chime", "harmony", "melody", "rhythm", "tempo", "chord", "verse", "poem", "sonnet",
		"circle", "triangle", "cube", "sphere", "cone", "line", "dot", "dash", "point", "level", "grade", "rank", "score",
		"match", "game", "play", "sport", "team", "goal", "race", "track", "field", "court", "pitch", "swing", "jump",
		"dive", "swim", "run", "walk", "stride", "step", "hop", "skip", "dance", "spin", "turn", "twist", "flip", "roll",
		"slide", "glide", "fly", "soar", "float", "sink", "drift", "flow", "stream", "pour", "drip", "splash", "sprinkle",
		"mist", "fog", "haze", "dew", "hail", "sleet", "twister", "cyclone", "quake", "tremor", "volcano", "lava",
		"magma", "ash", "smoke", "dust", "mud", "clay", "brick", "tile", "slab", "beam", "plank", "board", "panel",
		"frame", "hook", "nail", "screw", "nut", "washer", "gear", "wheel", "axle", "brake", "clutch", "throttle",
		"engine", "motor", "pump", "valve", "pipe", "hose", "tank", "drain", "tap", "plug", "switch", "socket", "fuse",
		"cable", "wire", "bulb", "lamp", "light", "flash", "glow", "shine", "gleam", "glint", "sparkle", "twinkle",
		"shimmer":
		return true
	}
	return false
}
