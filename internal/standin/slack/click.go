package slack

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Click is a person's click on a message.
type Click struct {
	Channel string
	TS      string
	// ActionID is the control. Option picks a choice of a menu or select by the
	// beginning of its value.
	ActionID string
	Option   string
	// User is who clicks.
	User string
}

// View is a dialog that was opened.
type View struct {
	ID              string
	CallbackID      string
	PrivateMetadata string
	Trigger         string
	Raw             json.RawMessage
}

// Answer is what the daemon said to a signed request.
type Answer struct {
	Status int
	Body   string
	Took   time.Duration
}

// ErrNoControl says that the message has no such button or choice.
var ErrNoControl = errors.New("the message has no such control")

// Payload builds what Slack sends for a click on a control that the message has.
func (s *Server) Payload(c Click) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.find(c.Channel, c.TS)
	if m == nil {
		return nil, fmt.Errorf("clicking on %s: there is no such message", c.TS)
	}
	act, err := control(m.Blocks, c)
	if err != nil {
		return nil, err
	}
	s.clicks++
	now := time.Now()
	act["action_ts"] = strconv.FormatInt(now.Unix(), 10) + "." + fmt.Sprintf("%06d", s.clicks)
	return json.Marshal(reply{
		"type": "block_actions", "token": "stand-in", "api_app_id": appID,
		"user":         reply{"id": c.User, "username": strings.ToLower(c.User), "name": strings.ToLower(c.User), "team_id": teamID},
		"team":         reply{"id": teamID, "domain": "standin"},
		"channel":      reply{"id": c.Channel, "name": "support"},
		"container":    reply{"type": "message", "message_ts": c.TS, "channel_id": c.Channel, "is_ephemeral": false},
		"message":      wire(*m, true, 0),
		"trigger_id":   strconv.Itoa(s.clicks) + ".standin." + c.User,
		"response_url": "http://" + s.addr + respondPath + s.responder(c.Channel, c.User),
		"state":        reply{"values": reply{}}, "enterprise": nil, "is_enterprise_install": false,
		"actions": []any{act},
	})
}

// control finds the control in the blocks and gives the action that it sends.
func control(raw json.RawMessage, c Click) (reply, error) {
	var blocks []object
	if err := json.Unmarshal(raw, &blocks); err != nil {
		return nil, fmt.Errorf("reading the blocks: %w", err)
	}
	for _, b := range blocks {
		for _, e := range list(b, "elements") {
			if str(e, "action_id") != c.ActionID {
				continue
			}
			act := reply{"type": str(e, "type"), "action_id": c.ActionID, "block_id": str(b, "block_id")}
			if str(e, "type") == "button" {
				act["value"], act["text"] = str(e, "value"), e["text"]
				return act, nil
			}
			for _, o := range list(e, "options") {
				if strings.HasPrefix(str(o, "value"), c.Option) {
					act["selected_option"] = o
					return act, nil
				}
			}
		}
	}
	return nil, fmt.Errorf("clicking %s %s: %w", c.ActionID, c.Option, ErrNoControl)
}

// SignedRequest is the request that Slack would send with that payload at that time.
func (s *Server) SignedRequest(ctx context.Context, target string, payload []byte, at time.Time) (*http.Request, error) {
	body := url.Values{"payload": {string(payload)}}.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, strings.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("making a signed request: %w", err)
	}
	stamp := strconv.FormatInt(at.Unix(), 10)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("X-Slack-Request-Timestamp", stamp)
	req.Header.Set("X-Slack-Signature", Sign(s.opt.SigningSecret, stamp, body))
	return req, nil
}

// Sign is the v0 signature of a body at a time in seconds.
func Sign(secret, stamp, body string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	_, _ = io.WriteString(mac, "v0:"+stamp+":"+body)
	return "v0=" + hex.EncodeToString(mac.Sum(nil))
}

// Click clicks: it sends the daemon at target, its /slack/interactions, the
// signed request and gives the answer.
func (s *Server) Click(ctx context.Context, target string, c Click) (Answer, error) {
	p, err := s.Payload(c)
	if err != nil {
		return Answer{}, err
	}
	return s.Send(ctx, target, p)
}

// Send signs a payload and sends it.
func (s *Server) Send(ctx context.Context, target string, payload []byte) (Answer, error) {
	req, err := s.SignedRequest(ctx, target, payload, time.Now())
	if err != nil {
		return Answer{}, err
	}
	begun := time.Now()
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		return Answer{}, fmt.Errorf("sending a click: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	took := time.Since(begun)
	body, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	if err != nil {
		return Answer{}, fmt.Errorf("sending a click: %w", err)
	}
	return Answer{Status: resp.StatusCode, Body: string(body), Took: took}, nil
}

// Submission builds what Slack sends for a dialog with a person picked in it.
func (*Server) Submission(v View, user, picked string) ([]byte, error) {
	return json.Marshal(reply{
		"type": "view_submission", "api_app_id": appID, "team": reply{"id": teamID, "domain": "standin"},
		"user": reply{"id": user, "username": strings.ToLower(user), "team_id": teamID},
		"view": reply{
			"id": v.ID, "type": "modal", "callback_id": v.CallbackID, "private_metadata": v.PrivateMetadata, "hash": "1." + v.ID,
			"state": reply{"values": reply{"who": reply{"lt_user": reply{"type": "users_select", "selected_user": picked}}}},
		},
	})
}

// Submit sends a dialog with a person picked in it.
func (s *Server) Submit(ctx context.Context, target string, v View, user, picked string) (Answer, error) {
	p, err := s.Submission(v, user, picked)
	if err != nil {
		return Answer{}, fmt.Errorf("making a dialog's answer: %w", err)
	}
	return s.Send(ctx, target, p)
}

func (s *Server) viewsOpen(p params) reply {
	var v struct {
		CallbackID      string   `json:"callback_id"`
		PrivateMetadata string   `json:"private_metadata"`
		Blocks          []object `json:"blocks"`
	}
	if json.Unmarshal([]byte(p["view"]), &v) != nil || !checkView(json.RawMessage(p["view"])) {
		return failure("invalid_arguments")
	}
	if p["trigger_id"] == "" {
		return failure("invalid_trigger")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	view := View{
		ID: "V" + strconv.Itoa(len(s.views)+1), CallbackID: v.CallbackID, PrivateMetadata: v.PrivateMetadata,
		Trigger: p["trigger_id"], Raw: json.RawMessage(p["view"]),
	}
	s.views = append(s.views, view)
	return reply{"ok": true, "view": reply{"id": view.ID, "type": "modal", "callback_id": view.CallbackID}}
}
