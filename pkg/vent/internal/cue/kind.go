package cue

// Kind is what a phrase stands for.
type Kind uint8

// The kinds of cues. Their names in the files are those of KindNames.
const (
	None Kind = iota
	Positive
	Negative
	Complaint
	Waiting
	Repeated
	Churn
	Legal
	Safety
	Money
	Outage
	Privacy
	RudeStaff
	BrokenPromise
	Sarcasm
	Resolved
	Thanks
	Question
	Help
	Vulnerable
	Threat
	Press
	Ad
	Job
	Headline
	RoughPraise
	Hypothetical
	Hearsay
	Switch
	Joke
	Advice
	Customer
	TopicDelivery
	TopicBilling
	TopicRefund
	TopicOutage
	TopicApp
	TopicProduct
	TopicStaff
	TopicSupport
	TopicAccount
	TopicBooking
	TopicPricing
	TopicPrivacy
	TopicSafety
	Homonym
	Loyal
	Event
	Opener
	Agent
	OtherFirm
	Unresolved
	Employee
	Mild
	Everyday
	Expletive
	Investor
	kinds
)

// Kinds is how many kinds there are.
const Kinds = int(kinds)

// KindNames is the kinds by the names that the files call them.
func KindNames() map[string]Kind {
	return map[string]Kind{
		"positive": Positive, "negative": Negative, "complaint": Complaint, "waiting": Waiting,
		"repeated": Repeated, "churn": Churn, "legal": Legal, "safety": Safety, "money": Money,
		"outage": Outage, "privacy": Privacy, "rude_staff": RudeStaff, "broken_promise": BrokenPromise,
		"sarcasm": Sarcasm, "resolved": Resolved, "thanks": Thanks, "question": Question, "help": Help,
		"vulnerable": Vulnerable, "threat": Threat, "press": Press, "ad": Ad, "job": Job,
		"headline": Headline, "rough_praise": RoughPraise, "hypothetical": Hypothetical,
		"hearsay": Hearsay, "switch": Switch, "joke": Joke, "advice": Advice, "customer": Customer,
		"topic_delivery": TopicDelivery, "topic_billing": TopicBilling, "topic_refund": TopicRefund,
		"topic_outage": TopicOutage, "topic_app": TopicApp, "topic_product": TopicProduct,
		"topic_staff": TopicStaff, "topic_support": TopicSupport, "topic_account": TopicAccount,
		"topic_booking": TopicBooking, "topic_pricing": TopicPricing, "topic_privacy": TopicPrivacy,
		"topic_safety": TopicSafety, "homonym": Homonym, "loyal": Loyal, "event": Event,
		"opener": Opener, "agent": Agent, "other_firm": OtherFirm, "unresolved": Unresolved,
		"employee": Employee, "mild": Mild, "everyday": Everyday,
		"expletive": Expletive, "investor": Investor,
	}
}
