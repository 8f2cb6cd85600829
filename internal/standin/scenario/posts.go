package scenario

import "time"

const s = time.Second

// Posts is the stream in order. It takes about two minutes when it is played at
// the pace it names.
func Posts() []Post {
	return append(opening(), rest()...)
}

func opening() []Post {
	return []Post{
		{Key: "noise1", Act: Write, Feed: Bluesky, After: 0, Handle: "mira.example", Name: "Mira", Followers: 310, Text: "first frost on the allotment this morning, tea in hand"},
		{Key: "hold", Act: Write, Feed: Bluesky, After: s, Handle: "jo.example", Name: "Jo Hartwell", Followers: 1840, Text: "3 hours on hold with @zephyrineair and still nobody. my flight leaves tomorrow and the booking is gone from the app.", Alerts: true},
		{Key: "praise1", Act: Write, Feed: Bluesky, After: 2 * s, Handle: "tomasz.example", Name: "Tomasz", Followers: 92, Text: "zephyrine crew on the morning hop were lovely, best landing in years"},
		{Key: "news1", Act: Write, Feed: HackerNews, After: s, Handle: "deskwire", Title: "Lumora raises a new round to expand its app", Text: "Lumora, maker of the reading app, said on Tuesday that it will open two offices."},
		{Key: "parcel", Act: Write, Feed: Forum, After: 2 * s, Handle: "ines", Name: "Ines", Title: "Parcel marked delivered, never came", Text: "Third time this month that Pakketto says delivered and there is nothing at the door. Support closed my ticket without an answer. I want my money back.", Alerts: true},
		{Key: "county", Act: Write, Feed: Bluesky, After: 2 * s, Handle: "valleynews.example", Name: "Valley News", Followers: 15400, Text: "Zephyrine County road works delayed again, commuters furious about the terrible queues"},
		{Key: "charge", Act: Write, Feed: Bluesky, After: 2 * s, Handle: "devonk.example", Name: "Devon K", Followers: 220, Text: "lumora charged me twice again and the chat bot just says sorry. cancelling today.", Alerts: true},
		{Key: "q1", Act: Write, Feed: Bluesky, After: s, Handle: "pia.example", Name: "Pia", Followers: 41, Text: "does anyone know if pakketto delivers on saturdays?"},
	}
}

func rest() []Post {
	return []Post{
		{Key: "job", Act: Write, Feed: Bluesky, After: 2 * s, Handle: "careers.example", Name: "Careers Board", Followers: 5200, Text: "Pakketto is hiring a warehouse lead in Rivermouth. Apply by Friday! #jobs"},
		{Key: "smoke", Act: Write, Feed: Bluesky, After: 3 * s, Handle: "ravi.example", Name: "Ravi", Followers: 640, Text: "my lumora reader got so hot on the charger that it burned the table. it started to smoke next to my kid. this is dangerous", Alerts: true},
		{Key: "hold2", Act: Write, Feed: Bluesky, After: 3 * s, Handle: "jo.example", Name: "Jo Hartwell", Followers: 1840, Text: "update: @zephyrineair hung up on me after 3 hours. unbelievable.", ReplyTo: "hold"},
		{Key: "compete", Act: Write, Feed: Bluesky, After: 2 * s, Handle: "lena.example", Name: "Lena", Followers: 77, Text: "Coastal Wings lost my bag AGAIN. switching to zephyrine, at least they answer"},
		{Key: "sarcasm", Act: Write, Feed: Bluesky, After: 3 * s, Handle: "oskar.example", Name: "Oskar", Followers: 990, Text: "great job pakketto, my parcel has now seen more of the country than i have. day 9. still waiting", Alerts: true},
		{Key: "review", Act: Write, Feed: Webhook, After: 2 * s, Handle: "", Name: "Fatima", Text: "Worst airline I have flown. Zephyrine cancelled our flight by text at midnight, no hotel, no phone line, two small children on the floor of the terminal.", Rating: 1, Alerts: true},
		{Key: "own", Act: Write, Feed: Bluesky, After: 3 * s, Handle: "zephyrineair.example", Name: "Zephyrine Air", Followers: 48000, Text: "We are so sorry, Jo. We found your booking and are calling you now.", ReplyTo: "hold"},
		{Key: "festival", Act: Write, Feed: Bluesky, After: 2 * s, Handle: "nightowl.example", Name: "Night Owl", Followers: 350, Text: "lumora festival line-up is a disaster this year, who books these bands"},
		{Key: "hn1", Act: Write, Feed: HackerNews, After: 2 * s, Handle: "bitrot", Text: "I moved our team off Lumora after the last update logged everyone out and support ignored four emails. Avoid.", Alerts: true},
		{Key: "noise2", Act: Write, Feed: Bluesky, After: s, Handle: "mira.example", Name: "Mira", Followers: 310, Text: "soup weather"},
		{Key: "rude", Act: Write, Feed: Bluesky, After: 3 * s, Handle: "bea.example", Name: "Bea", Followers: 2750, Text: "the pakketto courier threw my box over the gate and swore at me when i asked why. disgusting", Alerts: true},
		{Key: "thanks", Act: Write, Feed: Bluesky, After: 4 * s, Handle: "jo.example", Name: "Jo Hartwell", Followers: 1840, Text: "thanks, sorted! they called and put me on the early flight", ReplyTo: "hold"},
		{Key: "edit", Act: Edit, Feed: Bluesky, After: 3 * s, Handle: "devonk.example", Name: "Devon K", Followers: 220, Text: "lumora charged me twice again and the chat bot just says sorry. cancelling today. edit: now three times, 45 euros in total", ReplyTo: "charge"},
		{Key: "rough", Act: Write, Feed: Bluesky, After: 2 * s, Handle: "kit.example", Name: "Kit", Followers: 130, Text: "lumora's dark mode is sick, damn these people are stupidly good"},
		{Key: "luggage", Act: Write, Feed: Forum, After: 3 * s, Handle: "hanne", Name: "Hanne", Title: "Zephyrine lost my luggage", Text: "Day 6 without my luggage and Zephyrine has stopped replying to my emails. My insulin is in that bag. I have told them every day.", Alerts: true},
		{Key: "gone", Act: Delete, Feed: Bluesky, After: 4 * s, ReplyTo: "rude"},
		{Key: "resolved", Act: Write, Feed: Bluesky, After: 2 * s, Handle: "arno.example", Name: "Arno", Followers: 60, Text: "credit where due: pakketto found my parcel within an hour, thank you"},
		{Key: "legal", Act: Write, Feed: Bluesky, After: 3 * s, Handle: "s.okafor.example", Name: "S. Okafor", Followers: 8100, Text: "@lumora you have ignored my data deletion request for 3 months. next letter comes from my lawyer.", Alerts: true},
		{Key: "parcel2", Act: Write, Feed: Forum, After: 3 * s, Handle: "ines", Name: "Ines", Title: "Re: Parcel marked delivered, never came", Text: "Still nothing from Pakketto. A neighbour has the same problem since Monday.", Alerts: false},
		{Key: "late", Act: Write, Feed: Bluesky, After: 3 * s, Handle: "gil.example", Name: "Gil", Followers: 415, Text: "zephyrine, your gate staff just laughed when we asked about the 5 hour delay. never again.", Alerts: true},
	}
}
