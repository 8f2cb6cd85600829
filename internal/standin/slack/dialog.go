package slack

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"
)

// maxTitle is how many characters a dialog's title and buttons may have.
const maxTitle = 24

// checkView reports whether Slack would open a dialog.
func checkView(raw json.RawMessage) bool {
	var v object
	if json.Unmarshal(raw, &v) != nil || str(v, "type") != "modal" || len(str(v, "private_metadata")) > 3000 {
		return false
	}
	for _, k := range []string{"title", "submit", "close"} {
		t := obj(v, k)
		if k != "title" && t == nil {
			continue
		}
		if str(t, "type") != "plain_text" || str(t, "text") == "" || utf8.RuneCountInString(str(t, "text")) > maxTitle {
			return false
		}
	}
	blocks := list(v, "blocks")
	inputs, seen := 0, map[string]bool{}
	for _, b := range blocks {
		if str(b, "type") == "input" {
			inputs++
		}
		if id := str(b, "block_id"); id != "" {
			if seen[id] {
				return false
			}
			seen[id] = true
		}
		if !checkBlock(b) {
			return false
		}
	}
	// A dialog with fields needs a button that sends them.
	return len(blocks) > 0 && len(blocks) <= 100 && (inputs == 0 || obj(v, "submit") != nil)
}

// Entry is what a person enters in the field of a dialog. One of Text, User, Option
// and At is set; At is in seconds since 1970.
type Entry struct {
	Text   string
	User   string
	Option string
	At     int64
}

// Filled builds what Slack sends for a dialog with these fields, by their block: it
// refuses what the dialog does not offer.
func (*Server) Filled(v View, user string, fields map[string]Entry) ([]byte, error) {
	var view object
	if err := json.Unmarshal(v.Raw, &view); err != nil {
		return nil, fmt.Errorf("reading a dialog: %w", err)
	}
	values := reply{}
	left := len(fields)
	for _, b := range list(view, "blocks") {
		if str(b, "type") != "input" {
			continue
		}
		e := obj(b, "element")
		entry, given := fields[str(b, "block_id")]
		if given {
			left--
		}
		val, err := entered(e, entry, given)
		if err != nil {
			return nil, fmt.Errorf("filling field %s: %w", str(b, "block_id"), err)
		}
		values[str(b, "block_id")] = reply{str(e, "action_id"): val}
	}
	if left > 0 {
		return nil, fmt.Errorf("filling a dialog: it has no such field: %w", ErrNoControl)
	}
	return json.Marshal(reply{
		"type": "view_submission", "api_app_id": appID, "team": reply{"id": teamID, "domain": "standin"},
		"user": reply{"id": user, "username": strings.ToLower(user), "team_id": teamID},
		"view": reply{
			"id": v.ID, "type": "modal", "callback_id": v.CallbackID, "private_metadata": v.PrivateMetadata, "hash": "1." + v.ID,
			"state": reply{"values": values},
		},
		"response_urls": []any{},
	})
}

// entered is the state of one field.
func entered(e object, entry Entry, given bool) (reply, error) {
	val := reply{"type": str(e, "type")}
	switch str(e, "type") {
	case "plain_text_input":
		val["value"] = nil
		if given {
			val["value"] = entry.Text
		}
	case "datetimepicker":
		val["selected_date_time"] = e["initial_date_time"]
		if given {
			val["selected_date_time"] = entry.At
		}
	case "users_select":
		val["selected_user"] = entry.User
	case "static_select":
		val["selected_option"] = nil
		if !given {
			break
		}
		for _, o := range list(e, "options") {
			if str(o, "value") == entry.Option {
				val["selected_option"] = o
			}
		}
		if val["selected_option"] == nil {
			return nil, ErrNoControl
		}
	}
	return val, nil
}

// Fill sends a dialog with these fields, by their block.
func (s *Server) Fill(ctx context.Context, target string, v View, user string, fields map[string]Entry) (Answer, error) {
	p, err := s.Filled(v, user, fields)
	if err != nil {
		return Answer{}, err
	}
	return s.Send(ctx, target, p)
}
