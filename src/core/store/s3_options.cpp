#include "core/store/s3_options.h"

#include <algorithm>

#include "core/store/service_options.h"
#include "core/store/sigv4.h"

namespace lifeboat {
namespace {

constexpr std::string_view kKnown =
    "The known options are \"endpoint\", \"region\", \"path_style\", \"ca_file\", \"credentials\", "
    "\"profile\", \"storage_class\", \"sse\", \"sse_kms_key\", \"lock_days\", \"lock_mode\", "
    "\"tags\", "
    "\"timeout\" and \"max_rate\".";

void ParseCredentials(const std::string& value, S3Options& options) {
    const bool known = value == "env" || value == "instance" || value.starts_with("file:/");
    if (!known)
        RefuseOption(
            "credentials", value.substr(0, value.find(':')),
            "Keys themselves never stand in options.",
            "It is \"env\" (AWS_ACCESS_KEY_ID and its sisters in the environment of the server), "
            "\"file:/path\" (in the form of ~/.aws/credentials) or \"instance\" (of the machine or "
            "container).");
    options.credentials = value;
}

// It becomes part of a host's name: nothing that could end that.
std::string ParseRegion(const std::string& value) {
    const bool plain =
        !value.empty() && value.size() <= 63 && std::ranges::all_of(value, [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                   c == '-' || c == '_';
        });
    if (!plain)
        RefuseOption("region", value, "It has letters, digits, \"-\" and \"_\", at most 63.");
    return value;
}

// Every run reads back what it has written.
std::string ParseStorageClass(const std::string& value) {
    if (value == "GLACIER" || value == "DEEP_ARCHIVE")
        RefuseOption("storage_class", value, "What is stored so cannot be read for hours.",
                     "Take \"GLACIER_IR\", or let a lifecycle rule of the bucket move what lies "
                     "below objects/.");
    return ParseTokenOption("storage_class", value);
}

void ParseObjectOption(const std::string& name, const std::string& value, S3Options& options) {
    if (name == "storage_class") {
        options.object_headers["x-amz-storage-class"] = ParseStorageClass(value);
    } else if (name == "sse") {
        if (value != "AES256" && value != "aws:kms" && value != "aws:kms:dsse")
            RefuseOption(name, value, "It is \"AES256\", \"aws:kms\" or \"aws:kms:dsse\".");
        options.object_headers["x-amz-server-side-encryption"] = value;
    } else if (name == "sse_kms_key") {
        options.object_headers["x-amz-server-side-encryption-aws-kms-key-id"] =
            ParseTokenOption(name, value);
    } else if (name == "tags") {
        options.object_headers["x-amz-tagging"] = CanonicalQuery(ParseTags(value));
    } else if (name == "lock_days") {
        constexpr int kCentury = 36500;
        options.lock_days = ParseNumberOption(name, value, 1, kCentury);
    } else if (name == "lock_mode") {
        if (value != "GOVERNANCE" && value != "COMPLIANCE")
            RefuseOption(name, value, "It is \"GOVERNANCE\" or \"COMPLIANCE\".");
        options.lock_mode = value;
    } else if (name != "max_rate") {
        throw Error(Errc::InvalidValue,
                    "stores of scheme \"s3\" have no option \"" + Printable(name) + "\"", {},
                    std::string(kKnown));
    }
}

void ParseOne(const std::string& name, const std::string& value, S3Options& options) {
    if (name == "endpoint") {
        const Endpoint endpoint = ParseEndpoint(value, false);
        options.scheme = endpoint.scheme;
        options.host = endpoint.host;
    } else if (name == "region") {
        options.region = ParseRegion(value);
    } else if (name == "path_style") {
        options.path_style = ParseBoolOption(name, value);
    } else if (name == "ca_file") {
        options.ca_file = ParseAbsolutePath(name, value);
    } else if (name == "credentials") {
        ParseCredentials(value, options);
    } else if (name == "profile") {
        options.profile = ParseTokenOption(name, value);
    } else if (name == "timeout") {
        options.timeout = ParseTimeoutOption(value);
    } else {
        ParseObjectOption(name, value, options);
    }
}

} // namespace

S3Options ParseS3Options(const StoreOptions& given) {
    S3Options options;
    // Services other than Amazon's rarely have a name for each bucket.
    options.path_style = given.contains("endpoint");
    for (const auto& [name, value] : given) ParseOne(name, value, options);
    if (options.region.empty()) options.region = "us-east-1";
    if (options.host.empty()) {
        options.scheme = "https";
        options.host = "s3." + options.region + ".amazonaws.com";
    }
    if (given.contains("lock_mode") && !options.lock_days)
        throw Error(Errc::InvalidValue, "store option \"lock_mode\" needs \"lock_days\"");
    if (given.contains("sse_kms_key") && (!given.contains("sse") || given.at("sse") == "AES256"))
        throw Error(
            Errc::InvalidValue,
            "store option \"sse_kms_key\" needs \"sse\" to be \"aws:kms\" or \"aws:kms:dsse\"");
    return options;
}

// A certificate for *.host does not cover a bucket with a dot in its name.
bool S3Options::InPath(std::string_view bucket) const {
    return path_style || (scheme == "https" && bucket.find('.') != std::string_view::npos);
}

std::string S3Options::Host(std::string_view bucket) const {
    return InPath(bucket) ? host : std::string(bucket) + "." + host;
}

std::string S3Options::Path(std::string_view bucket, std::string_view key) const {
    std::string path = "/";
    if (InPath(bucket)) path.append(bucket).append(key.empty() ? "" : "/");
    return EncodePath(path.append(key));
}

} // namespace lifeboat
