package slack

import (
	"strings"

	slackgo "github.com/slack-go/slack"

	"github.com/leakytap/leakytap/internal/alert"
)

// byCode reads one of Slack's own error codes. A code that is not known here
// says nothing about whether the message was stored: it is ambiguous.
func (c *call) byCode(e *alert.SendError, r slackgo.SlackErrorResponse) {
	switch r.Err {
	case "ratelimited", "rate_limited":
		e.Reason, e.Kind, e.Limited, e.After = alert.ReasonRateLimited, alert.FailRetry, true, c.after
	case "invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive", "no_permission",
		"org_login_required", "ekm_access_denied", "team_access_not_granted", "not_allowed_token_type", "enterprise_is_restricted":
		e.Reason, e.Kind = alert.ReasonAuth, alert.FailPermanent
		e.Hint = "Slack refuses the bot token (" + safeCode(r.Err) + "): install the app again and put the new token in place."
	case "missing_scope":
		e.Reason, e.Kind = alert.ReasonMissingScope, alert.FailPermanent
		e.Hint = "The app lacks the scope " + safeCode(r.Needed) + ": add it under OAuth & Permissions and install the app again."
	case "channel_not_found":
		e.Reason, e.Kind = alert.ReasonChannelNotFound, alert.FailPermanent
		e.Hint = "The channel does not exist or is private: check its id and /invite the app there."
	case "not_in_channel":
		e.Reason, e.Kind = alert.ReasonNotInChannel, alert.FailPermanent
		e.Hint = "The app is not in the channel: /invite it there."
	case "is_archived":
		e.Reason, e.Kind = alert.ReasonArchived, alert.FailPermanent
		e.Hint = "The channel is archived: unarchive it or name another one."
	case "restricted_action", "restricted_action_read_only_channel", "restricted_action_thread_only_channel", "access_denied":
		e.Reason, e.Kind = alert.ReasonRestricted, alert.FailPermanent
		e.Hint = "The workspace does not let the app post there: ask one of its admins."
	case "invalid_blocks", "invalid_blocks_format", "msg_too_long", "msg_blocks_too_long", "metadata_too_large",
		"invalid_metadata_format", "invalid_metadata_schema", "no_text":
		e.Reason, e.Kind = alert.ReasonTooBig, alert.FailTooBig
	case "message_not_found", "cant_update_message", "edit_window_closed", "thread_not_found", "cannot_reply_to_message",
		"restricted_action_thread_locked", "restricted_action_non_threadable_channel":
		e.Reason, e.Kind = alert.ReasonMessageGone, alert.FailMessage
	case "fatal_error", "internal_error", "service_unavailable", "request_timeout":
		e.Reason = alert.ReasonServerError
	default:
		e.Reason = alert.ReasonUnknown
	}
}

// safeCode is a code or list of scopes as it may be shown: it comes from
// outside and is short and plain, or it is left out.
func safeCode(s string) string {
	if len(s) > 120 || strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '_' && r != ':' && r != ',' && r != '.' && r != '-'
	}) || s == "" {
		return "something unreadable"
	}
	return s
}
