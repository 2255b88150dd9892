//! What stands for Bazel.

/// A Bazel of few words, which is in each commit of a test. An image is what `source` of its package says, a
/// release what `manifest` and the pins of its environment say. Files at the root say what does not work.
pub const BAZELW: &str = r#"#!/bin/sh
verb=$1
root=$(dirname "$PWD")/bazel
mkdir -p "$root"
echo "$*" >>"$root/log"
for word; do
  case $word in
    --target_pattern_file=* | --query_file=*) file=${word#*=} ;;
  esac
done

digest() { echo "sha256:$(sha256sum <"$1" | cut -d' ' -f1)"; }
size() { echo $(($(wc -c <"$1"))); }

image() { # PACKAGE NAME LABEL TEXT
  mkdir -p "$root/out/$1/$2.runfiles"
  cd "$root/out/$1/$2.runfiles" || exit 37
  printf %s "$4" >config
  cat >manifest <<END
{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"$(digest config)","size":$(size config)},"layers":[]}
END
  cat >descriptor <<END
{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"$(digest manifest)","size":$(size manifest)}
END
  cat >"../$2.json" <<END
{"version":1,"verb":"push","label":"$3","repository":"nowhere.example/shop/any","insecure":false,"tags":[],
 "files":{"manifest":"manifest","descriptor":"descriptor","config":"config","layers":[],"layout":null,"source":null,"manifests":[]}}
END
  [ -f "$workspace/loses" ] && rm -f "$(cat "$workspace/loses")"
  cd "$workspace" || exit 37
}

workspace=$PWD
[ -f "fails-$verb" ] && exit "$(cat "fails-$verb")"
case $verb in
  query) cat query ;;
  run) echo 'rustc 1.97.1 (4a4ef493e 2026-03-02)' ;;
  test) ;;
  info) echo "$root" ;;
  build)
    while read -r label || [ -n "$label" ]; do
      package=${label#//} name=${label##*:}
      package=${package%:*}
      case $name in
        *.push)
          [ -f broken ] && exit 1
          image "$package" "$name" "$label" "$name $(cat "$package/source")"
          ;;
        *)
          env=${name%%-*}
          [ -f "broken-$env" ] && exit 1
          pins=$(sed -n "/^  \"$env\"/,/^  }/p" services/*/pins.json)
          image "$package" "$name" "$label" "$name $(cat "$package/manifest") $pins"
          ;;
      esac
    done <"$file"
    [ -f "$root/meanwhile" ] && mv "$root/meanwhile" "$root/done" && sh "$root/done"
    exit 0
    ;;
  cquery)
    sed "s/^set(//; s/)\$//; s/'//g" "$file" | tr ' ' '\n' | while read -r label || [ -n "$label" ]; do
      path=${label#//}
      echo "@@$label	out/${path%:*}/${label##*:}"
    done
    ;;
esac
"#;
