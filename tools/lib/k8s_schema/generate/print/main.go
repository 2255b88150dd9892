//go:build print

// Prints the schema of the Kubernetes that it is linked with: JSON, a definition a line.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"log"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"

	apiextensions "k8s.io/apiextensions-apiserver/pkg/client/clientset/clientset/scheme"
	"k8s.io/apimachinery/pkg/runtime/schema"
	kubernetes "k8s.io/client-go/kubernetes/scheme"
	aggregator "k8s.io/kube-aggregator/pkg/client/clientset_generated/clientset/scheme"
	"k8s.io/kube-openapi/pkg/validation/spec"
	"k8s.io/kubernetes/pkg/generated/openapi"
)

const (
	prefix     = "#/definitions/"
	objectMeta = prefix + "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
)

// What is kept of a definition or a field: what a checker asks for.
type definition struct {
	Ref        string                `json:"$ref,omitempty"`
	Type       string                `json:"type,omitempty"`
	Format     string                `json:"format,omitempty"`
	Enum       []any                 `json:"enum,omitempty"`
	Required   []string              `json:"required,omitempty"`
	Properties map[string]definition `json:"properties,omitempty"`
	Items      *definition           `json:"items,omitempty"`
	Values     *definition           `json:"additionalProperties,omitempty"`
	OneOf      []definition          `json:"oneOf,omitempty"`
	Keys       []string              `json:"x-kubernetes-list-map-keys,omitempty"`
}

// A kind of an API version, as `<apiVersion> <kind>`.
type kind struct {
	Ref         string `json:"$ref"`
	Deprecated  string `json:"deprecated,omitempty"`
	Removed     string `json:"removed,omitempty"`
	Replacement string `json:"replacement,omitempty"`
}

func main() {
	all := map[string]spec.Schema{}
	for name, known := range openapi.GetOpenAPIDefinitions(func(name string) spec.Ref {
		return spec.MustCreateRef(prefix + canonical(name))
	}) {
		all[canonical(name)] = known.Schema
	}
	kinds := map[string]kind{}
	kept := map[string]definition{}
	for gvk, goType := range types() {
		object := reflect.New(goType).Interface()
		name := nameOf(object, goType)
		if refOf(all[name].Properties["metadata"]) != objectMeta {
			continue
		}
		apiVersion, kindName := gvk.ToAPIVersionAndKind()
		kinds[apiVersion+" "+kindName] = lifecycle(object, prefix+name)
		keep(name, all, kept)
	}
	write(os.Args[1], kinds, kept)
}

// The Go types of all kinds of all API versions.
func types() map[schema.GroupVersionKind]reflect.Type {
	types := map[schema.GroupVersionKind]reflect.Type{}
	maps.Copy(types, kubernetes.Scheme.AllKnownTypes())
	maps.Copy(types, apiextensions.Scheme.AllKnownTypes())
	maps.Copy(types, aggregator.Scheme.AllKnownTypes())
	return types
}

// The definition's name. Before 1.35 a type does not know it, and the path of the type stands for it.
func nameOf(object any, goType reflect.Type) string {
	if named, ok := object.(interface{ OpenAPIModelName() string }); ok {
		return named.OpenAPIModelName()
	}
	return canonical(goType.PkgPath() + "." + goType.Name())
}

// io.k8s.api.core.v1.Pod of k8s.io/api/core/v1.Pod; other names stay.
func canonical(name string) string {
	host, path, found := strings.Cut(name, "/")
	if !found {
		return name
	}
	parts := strings.Split(host, ".")
	slices.Reverse(parts)
	return strings.Join(parts, ".") + "." + strings.ReplaceAll(path, "/", ".")
}

func lifecycle(object any, ref string) kind {
	kind := kind{Ref: ref}
	if of, ok := object.(interface{ APILifecycleDeprecated() (int, int) }); ok {
		kind.Deprecated = version(of.APILifecycleDeprecated())
	}
	if of, ok := object.(interface{ APILifecycleRemoved() (int, int) }); ok {
		kind.Removed = version(of.APILifecycleRemoved())
	}
	if of, ok := object.(interface {
		APILifecycleReplacement() schema.GroupVersionKind
	}); ok {
		apiVersion, name := of.APILifecycleReplacement().ToAPIVersionAndKind()
		kind.Replacement = apiVersion + " " + name
	}
	return kind
}

func version(major, minor int) string {
	return fmt.Sprintf("%d.%d", major, minor)
}

// Keeps a definition and all that it refers to.
func keep(name string, all map[string]spec.Schema, kept map[string]definition) {
	if _, done := kept[name]; done {
		return
	}
	known, ok := all[name]
	if !ok {
		log.Fatalf("error: no definition of %s", name)
	}
	kept[name] = definition{}
	kept[name] = reduce(known, func(name string) { keep(name, all, kept) })
}

func reduce(of spec.Schema, refersTo func(string)) definition {
	if ref := refOf(of); ref != "" {
		refersTo(strings.TrimPrefix(ref, prefix))
		return definition{Ref: ref}
	}
	reduced := definition{Format: of.Format, Enum: of.Enum, Required: of.Required}
	if len(of.Type) > 0 {
		reduced.Type = of.Type[0]
	}
	for _, one := range of.OneOf {
		reduced.OneOf = append(reduced.OneOf, reduce(one, refersTo))
	}
	for name, field := range of.Properties {
		if reduced.Properties == nil {
			reduced.Properties = map[string]definition{}
		}
		reduced.Properties[name] = reduce(field, refersTo)
	}
	if of.Items != nil {
		items := reduce(*of.Items.Schema, refersTo)
		reduced.Items = &items
	}
	if of.AdditionalProperties != nil && of.AdditionalProperties.Schema != nil {
		values := reduce(*of.AdditionalProperties.Schema, refersTo)
		reduced.Values = &values
	}
	keys, _ := of.Extensions.GetStringSlice("x-kubernetes-list-map-keys")
	reduced.Keys = keys
	return reduced
}

// The definition that a schema refers to, also where it says `allOf` to add a default.
func refOf(of spec.Schema) string {
	if len(of.AllOf) == 1 {
		return of.AllOf[0].Ref.String()
	}
	return of.Ref.String()
}

// A line for each kind and definition, so that a change of version reads as what changed.
func write(minor string, kinds map[string]kind, definitions map[string]definition) {
	out := bufio.NewWriter(os.Stdout)
	fmt.Fprintf(out, "{\"kubernetes\": %q,\n\"kinds\": {\n", minor)
	lines(out, kinds)
	fmt.Fprint(out, "},\n\"definitions\": {\n")
	lines(out, definitions)
	fmt.Fprint(out, "}}\n")
	if err := out.Flush(); err != nil {
		log.Fatal(err)
	}
}

func lines[V any](out *bufio.Writer, values map[string]V) {
	names := slices.Sorted(maps.Keys(values))
	for index, name := range names {
		value, err := json.Marshal(values[name])
		if err != nil {
			log.Fatal(err)
		}
		end := ","
		if index == len(names)-1 {
			end = ""
		}
		fmt.Fprintf(out, "%q: %s%s\n", name, value, end)
	}
}
