"""The jars of the example in Java."""

# Coordinates -> SHA-256. With rules_jvm_external these would be the artifacts of maven.install, and their hashes its lock file.
JARS = {
    "com.google.code.gson:gson:2.13.1": "94855942d4992f112946d3de1c334e709237b8126d8130bf07807c018a4a2120",
    "com.google.guava:failureaccess:1.0.2": "8a8f81cf9b359e3f6dfa691a1e776985c061ef2f223c9b2c80753e1b458e8064",
    "com.google.guava:guava:33.3.1-jre": "4bf0e2c5af8e4525c96e8fde17a4f7307f97f8478f11c4c8e35a0e3298ae4e90",
    "com.google.protobuf:protobuf-java:3.25.8": "72bdb32eb38cafb7dcd288262c29a34d57cba2e19101af9685155ba8c0a56008",
    "io.grpc:grpc-api:1.75.0": "7f309616691fa655d02512762049ed18bf4ab2b52ced424cab2f527d0bb8e3fc",
    "io.grpc:grpc-core:1.75.0": "f10cdbe558378494e4ffc6b1bb328b8a137f3201d46c8b24f0154eb9e51191a1",
    "io.grpc:grpc-netty-shaded:1.75.0": "d33d47a9720a392512c4e4ceaa17a458a0e3ed6188d17e98d6c4faf0679374d7",
    "io.grpc:grpc-protobuf-lite:1.75.0": "60fafc627aa04bcab328dcc9206f0e7aa71d95f1b612774a18272dfe7dc24cf1",
    "io.grpc:grpc-protobuf:1.75.0": "f52b53c349b0776815e437636dff3d3844e9b10cbb25be419a786bf3d6f20269",
    "io.grpc:grpc-services:1.75.0": "b6b3db6fecf14220db17d085eb2143f7c68879f6072f2159692c24c607e9391f",
    "io.grpc:grpc-stub:1.75.0": "dc98fe18654206948666e6657e13fe301ad0754751f28c6c10961e1e6c457997",
    "io.grpc:grpc-util:1.75.0": "92b5a1195dad4cbd7c405b01cbd9fd2dbbd548d13d4cfabf9d2d6a37bad4cb81",
    "io.perfmark:perfmark-api:0.27.0": "c7b478503ec524e55df19b424d46d27c8a68aeb801664fadd4f069b71f52d0f6",
    "org.apache.commons:commons-pool2:2.12.1": "5273c8bc8c0dca2211175c0d27efbd7228efae99689aac001a8e1ef8e872e9ef",
    "org.json:json:20250517": "3ea61b2a06e31edf1c91134fe9106b0ebb16628be169f3db75bc7a2b06b45796",
    "org.slf4j:slf4j-api:1.7.36": "d3ef575e3e4979678dc01bf1dcce51021493b4d11fb7f1be8ad982877c16a1c0",
    "redis.clients.authentication:redis-authx-core:0.1.1-beta2": "cc56edb08b3df8562cddac108dca61907d21cc4ad04de05e9f5d1b01058390af",
    "redis.clients:jedis:6.2.0": "b906d4762c584d0af1e01e582c940d290cdf63459abcb15eb6c5f3f05150c50e",
}

# What protoc calls for `--grpc-java_out`, by processor.
PLUGIN = "io.grpc:protoc-gen-grpc-java:1.75.0"
PLUGINS = {
    "aarch64": ("linux-aarch_64", "7e45a31f9aeafab9a2ae8af1f9282381a6d8c3c0d929b515b79a36a68c5f0068"),
    "amd64": ("linux-x86_64", "59366fb58a19efd4e3674c1568e94ef167816151acfaad02fa4ef04bbcab293d"),
}

def jar(coordinates):
    """The file of a jar.

    Args:
      coordinates: `group:name:version`.

    Returns:
      `name-version.jar`.
    """
    _, name, version = coordinates.split(":")
    return "%s-%s.jar" % (name, version)
