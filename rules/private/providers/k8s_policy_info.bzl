"""K8sPolicyInfo: a rule of one's own that objects are checked by."""

K8sPolicyInfo = provider(
    doc = "A function in Jsonnet that says what is wrong with an object.",
    fields = {
        "imports": "JsonnetLibraryInfo: what the source may import, itself included",
        "name": "str: by what name objects waive it",
        "src": "File: the source: function(object, context) that gives a list of texts",
    },
)
