package tune

import (
	"reflect"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/brand"
)

// Every setting of a brand that a decision may hang on is an edit: a difference must not
// be put down to earlier posts since its setting was forgotten.
func TestEverySettingIsAnEdit(t *testing.T) {
	t.Parallel()
	// The name is the brand itself; pinned examples are tried at every load and decide nothing.
	other := []string{"Name", "MustAlert", "MustNotAlert"}
	kind := reflect.TypeFor[brand.Brand]()
	for i := range kind.NumField() {
		name := kind.Field(i).Name
		if slices.Contains(other, name) {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			was := brand.Default()
			will := was
			change(t, reflect.ValueOf(&will).Elem().Field(i))
			edits := editsOf(was, will)
			require.NotEmpty(t, edits)
			for _, e := range edits {
				e.apply(&was)
			}
			require.Equal(t, will, was, "the edits together make the candidate")
		})
	}
}

// change makes a value another one.
func change(t *testing.T, v reflect.Value) {
	t.Helper()
	switch v.Kind() { //nolint:exhaustive // the kinds that a brand is made of
	case reflect.String:
		v.SetString(v.String() + "x")
	case reflect.Int, reflect.Int64:
		v.SetInt(v.Int() + 1)
	case reflect.Float64:
		v.SetFloat(v.Float() + 0.1)
	case reflect.Bool:
		v.SetBool(!v.Bool())
	case reflect.Slice:
		one := reflect.New(v.Type().Elem()).Elem()
		change(t, one)
		v.Set(reflect.Append(v, one))
	case reflect.Map:
		key, one := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		change(t, key)
		change(t, one)
		m := reflect.MakeMap(v.Type())
		m.SetMapIndex(key, one)
		v.Set(m)
	case reflect.Struct:
		for _, field := range v.Fields() {
			if field.CanSet() {
				change(t, field)
			}
		}
	default:
		t.Fatalf("a setting of kind %s", v.Kind())
	}
}
