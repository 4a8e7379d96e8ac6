#include "core/store/s3_answers.h"

#include <algorithm>
#include <charconv>
#include <pugixml.hpp>

#include "core/store/store_name.h"

namespace lifeboat {
namespace {

struct Said {
    std::string code, message, request_id, region;
};

std::string ChildText(const pugi::xml_node& node, const char* name) {
    return node.child(name).text().as_string();
}

Said Read(const HttpAnswer& answer) {
    Said said;
    pugi::xml_document document;
    if (document.load_buffer(answer.body.data(), answer.body.size())) {
        const pugi::xml_node error = document.child("Error");
        said = {ChildText(error, "Code"), ChildText(error, "Message"),
                ChildText(error, "RequestId"), ChildText(error, "Region")};
    }
    if (said.request_id.empty()) said.request_id = answer.Header("x-amz-request-id");
    if (said.region.empty()) said.region = answer.Header("x-amz-bucket-region");
    return said;
}

// "The service answered 403 AccessDenied: Access Denied. (request 0A1B…)"
std::string Detail(const HttpAnswer& answer, const Said& said) {
    std::string text = "The service answered " + std::to_string(answer.status);
    if (!said.code.empty()) text += " " + Printable(said.code);
    if (!said.message.empty()) text += ": " + Printable(said.message);
    if (!text.ends_with('.')) text += '.';
    if (!said.request_id.empty()) text += " Its request id is " + Printable(said.request_id) + ".";
    return text;
}

std::string RightsHint(std::string_view action) {
    const char* right = action == "write"    ? "s3:PutObject"
                        : action == "list"   ? "s3:ListBucket"
                        : action == "remove" ? "s3:DeleteObject"
                                             : "s3:GetObject";
    const std::string hint = std::string("The key needs the right ") + right + " there.";
    if (action != "read" && action != "look up") return hint;
    return hint +
           " (Without s3:ListBucket a service says \"denied\" of objects that do not exist, too.)";
}

std::string ClockHint(const HttpAnswer& answer) {
    std::string hint = "Set the clock of this machine (NTP).";
    if (const auto theirs = ParseHttpDate(answer.Header("date"))) {
        const auto apart = std::chrono::duration_cast<std::chrono::seconds>(Now() - *theirs);
        if (std::chrono::abs(apart) > std::chrono::minutes(1))
            hint += " It is " + std::to_string(std::abs(apart.count())) + " s " +
                    (apart.count() > 0 ? "ahead of" : "behind") + " the service's.";
    }
    return hint;
}

std::string HintFor(const ServiceCall& call, const HttpAnswer& answer, const Said& said) {
    const std::string& code = said.code;
    if (code == "SignatureDoesNotMatch")
        return "The secret key is not the one that belongs to the access key, or something between "
               "here and the "
               "service changes requests.";
    if (code == "InvalidAccessKeyId")
        return "The service does not know the access key: is it one of this service, and of option "
               "\"profile\"?";
    if (code == "RequestTimeTooSkewed") return ClockHint(answer);
    if (code == "ExpiredToken" || code == "InvalidToken" || code == "TokenRefreshRequired")
        return "The session token has ended: store new credentials where option \"credentials\" "
               "says.";
    if (code == "InvalidObjectState")
        return "The object lies in an archive: restore it there (aws s3api restore-object), which "
               "takes hours, then try again.";
    if (code == "NoSuchBucket")
        return "Create the bucket, or correct the URL or option \"endpoint\".";
    if (code == "PermanentRedirect" || code == "AuthorizationHeaderMalformed" ||
        code == "TemporaryRedirect" || answer.status == 301 || answer.status == 307)
        return said.region.empty() ? "The bucket lies elsewhere: set options \"region\" and "
                                     "\"endpoint\" to where it is."
                                   : "The bucket lies in region \"" + Printable(said.region) +
                                         "\": set option \"region\" to that.";
    if (answer.status == 403) return RightsHint(call.action);
    if (answer.status == 405 || answer.status == 501)
        return "Is this an S3 service, and is option \"path_style\" right for it?";
    return {};
}

bool PassesByItself(const HttpAnswer& answer, const std::string& code) {
    if (answer.status == 408 || answer.status == 425 || answer.status == 429) return true;
    if (answer.status == 409 && code == "ConditionalRequestConflict") return true;
    if (answer.status == 501) return false;
    if (answer.status == 404) return code.empty(); // a page of somebody between here and there
    return answer.status >= 500 || answer.status == 200 || code == "RequestTimeout" ||
           code == "SlowDown";
}

Errc CodeFor(const HttpAnswer& answer, const std::string& code) {
    if (code == "NoSuchBucket") return Errc::StoreMissing;
    if (answer.status == 403 || answer.status == 401) return Errc::StoreDenied;
    if (answer.status == 501) return Errc::StoreRefused;
    if (answer.status >= 500 || answer.status == 429 || answer.status == 408)
        return Errc::StoreUnreachable;
    return Errc::StoreRefused;
}

} // namespace

std::string S3ErrorCode(const HttpAnswer& answer) { return Read(answer).code; }

StoreError S3Refused(const ServiceCall& call, std::string_view url, const HttpAnswer& answer) {
    const Said said = Read(answer);
    // A HEAD has no body to say which of the two is absent.
    const bool from_service = call.method == "HEAD" || !said.code.empty();
    if (answer.status == 404 && from_service && said.code != "NoSuchBucket")
        return ObjectAbsent(call.name, url);
    if (answer.status == 412) return ObjectExists(call.name, url);
    return {PassesByItself(answer, said.code) ? StoreFault::kTransient : StoreFault::kPermanent,
            CodeFor(answer, said.code), "could not " + Describe(call, url), Detail(answer, said),
            HintFor(call, answer, said)};
}

ServiceListing ParseS3Listing(const ServiceCall& call, std::string_view url,
                              const HttpAnswer& answer) {
    pugi::xml_document document;
    const pugi::xml_node result = document.load_buffer(answer.body.data(), answer.body.size())
                                      ? document.child("ListBucketResult")
                                      : pugi::xml_node();
    if (!result)
        throw StoreError(StoreFault::kTransient, Errc::StoreUnreachable,
                         "could not " + Describe(call, url),
                         "The service answered 200 with something that is no listing.");
    ServiceListing listing;
    for (const pugi::xml_node item : result.children("Contents")) {
        StoreObject object;
        object.name = ChildText(item, "Key");
        object.size = ListedSize(call, url, ChildText(item, "Size"));
        object.modified = ListedTime(call, url, ParseUtc(ChildText(item, "LastModified")));
        listing.objects.push_back(std::move(object));
    }
    if (ChildText(result, "IsTruncated") != "true") return listing;
    listing.next = ChildText(result, "NextContinuationToken");
    if (listing.next.empty())
        throw BadListing(call, url, "It has more pages and does not say how to ask for them.");
    return listing;
}

} // namespace lifeboat
