package slack

import (
	"encoding/json"
	"unicode/utf8"
)

// What Slack takes. maxWhole is not documented; messages beyond it are refused.
const (
	maxBlocks = 50
	maxWhole  = 13_200
)

type object = map[string]any

// checkBlocks answers with the error code that Slack has for the blocks, or nothing.
func checkBlocks(raw []byte) string {
	var blocks []object
	if json.Unmarshal(raw, &blocks) != nil {
		return "invalid_blocks_format"
	}
	if len(blocks) > maxBlocks {
		return "invalid_blocks"
	}
	if utf8.RuneCount(raw) > maxWhole {
		return "msg_blocks_too_long"
	}
	ids := map[string]bool{}
	for _, b := range blocks {
		id := str(b, "block_id")
		if len(id) > 255 || (id != "" && ids[id]) || !checkBlock(b) {
			return "invalid_blocks"
		}
		ids[id] = true
	}
	return ""
}

func checkBlock(b object) bool {
	switch str(b, "type") {
	case "section":
		return checkText(obj(b, "text"), 3000)
	case "header":
		return checkText(obj(b, "text"), 150)
	case "divider":
		return true
	case "context":
		els := list(b, "elements")
		return len(els) > 0 && len(els) <= 10 && every(els, func(e object) bool { return checkText(e, 3000) })
	case "actions":
		els := list(b, "elements")
		seen := map[string]bool{}
		return len(els) > 0 && len(els) <= 25 && every(els, func(e object) bool {
			id := str(e, "action_id")
			fresh := !seen[id]
			seen[id] = true
			return fresh && checkElement(e)
		})
	case "input":
		return checkText(obj(b, "label"), 2000) && checkElement(obj(b, "element"))
	case "rich_text":
		els := list(b, "elements")
		return len(els) > 0 && every(els, checkRich)
	}
	return false
}

func checkElement(e object) bool {
	if id := str(e, "action_id"); id == "" || len(id) > 255 {
		return false
	}
	switch str(e, "type") {
	case "button":
		t := obj(e, "text")
		style := str(e, "style")
		return str(t, "type") == "plain_text" && checkText(t, 75) && utf8.RuneCountInString(str(e, "value")) <= 2000 &&
			(style == "" || style == "primary" || style == "danger")
	case "overflow":
		opts := list(e, "options")
		return len(opts) >= 1 && len(opts) <= 5 && every(opts, checkOption)
	case "static_select":
		opts := list(e, "options")
		return len(opts) >= 1 && len(opts) <= 100 && every(opts, checkOption) && checkText(obj(e, "placeholder"), 150)
	case "users_select":
		return true
	case "plain_text_input":
		n, numbered := e["max_length"].(float64)
		return !numbered || (n >= 1 && n <= 3000)
	case "datetimepicker":
		n, given := e["initial_date_time"].(float64)
		return !given || n > 0
	}
	return false
}

func checkOption(o object) bool {
	v := str(o, "value")
	return checkText(obj(o, "text"), 75) && v != "" && utf8.RuneCountInString(v) <= 150
}

func checkText(t object, limit int) bool {
	kind := str(t, "type")
	n := utf8.RuneCountInString(str(t, "text"))
	return (kind == "plain_text" || kind == "mrkdwn") && n > 0 && n <= limit
}

func checkRich(e object) bool {
	switch str(e, "type") {
	case "rich_text_section", "rich_text_quote", "rich_text_preformatted":
		els := list(e, "elements")
		return len(els) > 0 && every(els, checkInline)
	case "rich_text_list":
		els := list(e, "elements")
		return len(els) > 0 && every(els, checkRich)
	}
	return false
}

func checkInline(e object) bool {
	switch str(e, "type") {
	case "text":
		return str(e, "text") != ""
	case "link":
		u := str(e, "url")
		return u != "" && len(u) <= 3000
	case "user":
		return str(e, "user_id") != ""
	case "date":
		_, ok := e["timestamp"].(float64)
		return ok && str(e, "format") != ""
	case "emoji":
		return str(e, "name") != ""
	}
	return false
}

func str(o object, k string) string {
	s, _ := o[k].(string)
	return s
}

func obj(o object, k string) object {
	v, _ := o[k].(object)
	return v
}

func list(o object, k string) []object {
	vs, _ := o[k].([]any)
	out := make([]object, 0, len(vs))
	for _, v := range vs {
		m, _ := v.(object)
		out = append(out, m)
	}
	return out
}

func every(os []object, ok func(object) bool) bool {
	for _, o := range os {
		if !ok(o) {
			return false
		}
	}
	return true
}
