package brand

// What becomes of a brand's labels: they are learned from at once, or once a person
// accepts what they would change, or not at all.
const (
	LearnAuto    = "auto"
	LearnPropose = "propose"
	LearnOff     = "off"
)

func learnModes() []string { return []string{"", LearnAuto, LearnPropose, LearnOff} }

// Learning is what becomes of the brand's labels, auto where nothing is written.
func (b Brand) Learning() string {
	if b.Learn == "" {
		return LearnAuto
	}
	return b.Learn
}
