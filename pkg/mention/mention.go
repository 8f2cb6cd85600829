// Package mention is the public record of LeakyTap: one public post, as it was
// seen on a platform, and the JSON in which it travels.
//
// The package promises that a decoded Mention is valid UTF-8, free of NUL and
// other control characters (line breaks and tabs stay), inside the limits of
// limits.go, and has an id. It refuses nothing that can be repaired.
//
//	mention.go  the record and its identity
//	codec.go    JSON in and out, repair and refusal
//	limits.go   how long each field may be
package mention

import "time"

// Kind says what sort of post a mention is.
type Kind string

// The kinds of posts. An empty kind in input is read as KindPost.
const (
	KindPost    Kind = "post"
	KindReply   Kind = "reply"
	KindComment Kind = "comment"
	KindReview  Kind = "review"
)

// Author is who wrote the post, as far as the platform tells.
type Author struct {
	// ID is the platform's stable id of the account, without the platform's name.
	ID string `json:"id"`
	// Handle is the name others write after an @, without the @.
	Handle string `json:"handle"`
	// Name is the display name, free text chosen by the author.
	Name string `json:"name"`
	// Followers is the number of followers, 0 where it is not known.
	Followers int64 `json:"followers"`
	// Verified is the platform's own mark.
	Verified bool `json:"verified"`
}

// Engagement counts what others did with the post when it was last seen.
type Engagement struct {
	Likes   int64 `json:"likes"`
	Reposts int64 `json:"reposts"`
	Replies int64 `json:"replies"`
	Views   int64 `json:"views"`
}

// Mention is one public post. The field names in JSON are fixed by the
// contract. A Mention holds no pointers and may be copied.
type Mention struct {
	// ID is Platform + ":" + NativeID: the same for the same post however
	// often and through whichever source it is seen.
	ID string `json:"id"`
	// Source is the name of the configured source that saw it.
	Source string `json:"source"`
	// Platform is where the post lives: bluesky, hackernews, rss, ...
	Platform string `json:"platform"`
	// NativeID is the platform's own id of the post.
	NativeID string `json:"native_id"`
	// URL leads a person to the post.
	URL  string `json:"url"`
	Kind Kind   `json:"kind"`
	// Author is who wrote it.
	Author Author `json:"author"`
	// Text is plain text; markup was removed at the source.
	Text string `json:"text"`
	// Title is the headline of a review, article or thread; often empty.
	Title string `json:"title"`
	// Lang is the BCP 47 language declared by the platform, or empty.
	Lang string `json:"lang"`
	// Rating is a star rating from 1 to 5, or 0 where there is none.
	Rating int `json:"rating"`
	// CreatedAt is when the author says it was written. It is never later than
	// ObservedAt by more than five minutes: the clock of a stranger is clamped.
	CreatedAt time.Time `json:"created_at"`
	// ObservedAt is when LeakyTap first read it.
	ObservedAt time.Time `json:"observed_at"`
	// ParentID is the id (platform:native) of the post this one answers, or empty.
	ParentID string `json:"parent_id"`
	// RootID is the id (platform:native) of the first post of the conversation,
	// empty for a post that starts one.
	RootID string `json:"root_id"`
	// Engagement counts likes, reposts, replies and views.
	Engagement Engagement `json:"engagement"`
	// Revision grows with each edit: the platform's edit time or version in
	// milliseconds, else a counter. 0 is the post as first written.
	Revision int64 `json:"revision"`
	// Retracted says that the author or the platform took the post away. Text,
	// title and author of a retraction may be empty.
	Retracted bool `json:"retracted"`
}

// MakeID joins a platform and a native id.
func MakeID(platform, nativeID string) string { return platform + ":" + nativeID }

// Conversation is the id that all posts of one thread share: RootID where
// there is one, else ID.
func (m Mention) Conversation() string {
	if m.RootID != "" {
		return m.RootID
	}
	return m.ID
}

// AuthorKey identifies the author across posts: platform and the author's id,
// else the handle; empty where the platform tells neither.
func (m Mention) AuthorKey() string {
	switch {
	case m.Author.ID != "":
		return m.Platform + ":" + m.Author.ID
	case m.Author.Handle != "":
		return m.Platform + ":@" + m.Author.Handle
	default:
		return ""
	}
}
