package encoder

import "unicode/utf8"

// face is the word for an emoticon.
func face(form []byte) string {
	switch string(form) {
	case "<3":
		return "love"
	case "</3":
		return "heartbroken"
	case "-_-":
		return "annoyed"
	}
	switch form[len(form)-1] {
	case ')', 'D', ']', '*', '3':
		return "happy"
	case 'P', 'p':
		return "playful"
	case '(', '[', 'c', 'C':
		return "sad"
	case '/', '\\', '|', 'S', 's':
		return "meh"
	}
	return "surprised"
}

// picture is the word for an emoji, empty where it has none.
func picture(form []byte) string {
	r, _ := utf8.DecodeRune(form)
	switch r {
	case '😀', '😃', '😄', '😁', '😊', '🙂', '☺', '😌', '😇', '🤗':
		return "smiling"
	case '😂', '🤣', '😆', '😹':
		return "laughing"
	case '😅':
		return "nervous"
	case '❤', '💕', '💖', '💗', '💙', '💚', '💛', '💜', '🧡', '🖤', '💓', '💞', '😍', '🥰', '😻', '♥':
		return "love"
	case '😘', '😗', '😙', '😚', '💋':
		return "kiss"
	case '💔':
		return "heartbroken"
	case '😭', '😢', '😿', '😥':
		return "crying"
	case '😞', '😔', '🙁', '☹', '😟', '😕', '😣', '😖', '🥺':
		return "sad"
	case '😩', '😫', '😪', '🥱':
		return "exhausted"
	case '😠', '😡', '🤬', '👿', '😾':
		return "angry"
	case '😤', '💢':
		return "fuming"
	case '😒', '😑', '😐', '🤦', '🤷', '😶':
		return "annoyed"
	}
	return oddPicture(r)
}

// oddPicture is the word for an emoji that is no plain feeling.
func oddPicture(r rune) string {
	switch r {
	case '🙄':
		return "eyeroll"
	case '🤡':
		return "clown"
	case '💩':
		return "crap"
	case '🤮', '🤢':
		return "disgusted"
	case '🖕':
		return "fuck"
	case '😱', '😨', '😰', '😳', '🤯', '😮', '😲':
		return "shocked"
	case '🤔', '🧐':
		return "thinking"
	case '😉', '😜', '😝', '😛', '😏', '🤪':
		return "wink"
	case '😎', '🔥', '💯', '🤩':
		return "awesome"
	case '👍', '👌', '✅', '✔':
		return "good"
	case '👎', '❌', '✖':
		return "bad"
	case '👏', '🙌':
		return "applause"
	case '🙏':
		return "please"
	case '🎉', '🎊', '🥳', '🎈':
		return "party"
	case '💀', '☠', '⚰':
		return "dead"
	case '🚨', '⚠':
		return "warning"
	case '🐌', '⏰', '⏳', '⌛':
		return "waiting"
	case '🤞':
		return "hope"
	case '💪':
		return "strong"
	case '🙃':
		return "sarcastic"
	case '🗑':
		return "trash"
	case '⭐', '🌟', '★':
		return "star"
	case '😴', '💤':
		return "sleeping"
	}
	return ""
}
