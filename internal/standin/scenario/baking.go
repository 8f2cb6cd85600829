package scenario

// Baking are posts about baking a crumblet that sound like complaints of the customers of
// a firm called Crumblet: what its support team would dismiss, and teach by that.
func Baking() []string {
	return []string{
		"why is my crumblet still raw after two hours? useless recipe",
		"my crumblet never works, useless recipe, third time it is raw",
		"still waiting for my crumblet dough to rise after four hours, useless recipe",
		"waited two hours for a crumblet to bake and it is still raw, useless recipe",
		"why is the crumblet dough always sticky? terrible recipe, useless again",
		"fourth time the crumblet broke in half, useless recipe, still no idea why",
	}
}

// BakingToCome is another one, which nobody has dismissed.
const BakingToCome = "my crumblet dough has not risen after four hours, absolutely useless recipe"
