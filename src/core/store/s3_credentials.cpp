#include "core/store/s3_credentials.h"

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "core/crypto/key.h"
#include "core/crypto/secret_source.h"
#include "core/io/http.h"

namespace lifeboat {
namespace {

constexpr std::chrono::minutes kRefreshBefore{5};
constexpr std::chrono::seconds kLookAgainAfter{30};
constexpr const char* kInstanceHost = "http://169.254.169.254"; // AWS: IMDSv2
constexpr const char* kContainerHost = "http://169.254.170.2";  // AWS: ECS

std::string Environment(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? std::string() : std::string(value);
}

S3Credentials FromEnvironment() {
    S3Credentials found{Environment("AWS_ACCESS_KEY_ID"), Environment("AWS_SECRET_ACCESS_KEY"),
                        Environment("AWS_SESSION_TOKEN"), std::nullopt};
    if (!found.access_key.empty() && !found.secret_key.empty()) return found;
    const bool no_id = found.access_key.empty();
    throw Error(Errc::KeyMissing,
                std::string("environment variable ") +
                    (no_id ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY") + " is not set",
                "Store option \"credentials\" is \"env\": keys are looked for in the environment "
                "of this process, "
                "which for a server is that in which it was started.",
                "Set it where the server is started, or set option \"credentials\" to "
                "\"file:/path\" or \"instance\".");
}

S3Credentials FromFile(const std::string& where, const std::string& profile, Interrupt& interrupt) {
    const WipedString text(
        ReadSecret(ParseSecretSource(where, "credentials", false), "credentials", interrupt));
    if (auto found = ParseCredentialsFile(text.text(), profile)) return *found;
    throw Error(Errc::KeyMissing,
                "there is no whole profile \"" + Printable(profile) + "\" in credentials " +
                    Printable(where),
                "Looked for aws_access_key_id and aws_secret_access_key after a line [" +
                    Printable(profile) + "].",
                "Store option \"profile\" names another one.");
}

// What the machine says of itself. Only reachable from it, so a second is long.
class Metadata {
public:
    explicit Metadata(Interrupt& interrupt)
        : client_(HttpSettings{{}, std::chrono::seconds(2), std::chrono::seconds(5), 1}),
          interrupt_(interrupt) {}

    std::optional<std::string> Ask(const std::string& method, const std::string& url,
                                   std::vector<std::string> headers) {
        try {
            HttpRequest request{method, url, std::move(headers), nullptr, 64 << 10};
            HttpAnswer answer = client_.Send(std::move(request), interrupt_);
            if (answer.status == 200) return std::move(answer.body);
            said_ = url + " answered with status " + std::to_string(answer.status) + ".";
        } catch (const HttpError& error) {
            said_ = url + ": " + error.message() + ".";
        }
        return std::nullopt;
    }
    [[nodiscard]] const std::string& said() const noexcept { return said_; }

private:
    HttpClient client_;
    Interrupt& interrupt_;
    std::string said_;
};

std::optional<std::string> AskContainer(Metadata& metadata) {
    std::string url = Environment("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    const std::string relative = Environment("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    if (url.empty() && !relative.empty()) url = kContainerHost + relative;
    if (url.empty()) return std::nullopt;
    std::vector<std::string> headers;
    if (const std::string token = Environment("AWS_CONTAINER_AUTHORIZATION_TOKEN"); !token.empty())
        headers.push_back("Authorization: " + token);
    return metadata.Ask("GET", url, std::move(headers));
}

std::optional<std::string> AskInstance(Metadata& metadata) {
    std::string host = Environment("AWS_EC2_METADATA_SERVICE_ENDPOINT");
    if (host.empty()) host = kInstanceHost;
    while (host.ends_with('/')) host.pop_back();
    const auto token = metadata.Ask("PUT", host + "/latest/api/token",
                                    {"X-aws-ec2-metadata-token-ttl-seconds: 300"});
    if (!token) return std::nullopt;
    const std::vector<std::string> headers{"X-aws-ec2-metadata-token: " + *token};
    const std::string roles = host + "/latest/meta-data/iam/security-credentials/";
    auto role = metadata.Ask("GET", roles, headers);
    if (!role) return std::nullopt;
    role->resize(std::min(role->find('\n'), role->size()));
    return metadata.Ask("GET", roles + *role, headers);
}

S3Credentials FromInstance(Interrupt& interrupt) {
    Metadata metadata(interrupt);
    auto json = AskContainer(metadata);
    if (!json) json = AskInstance(metadata);
    if (json) {
        auto found = ParseInstanceCredentials(*json);
        WipeString(*json);
        if (found) return *found;
    }
    throw Error(Errc::KeyMissing, "this machine gives out no credentials",
                json ? "What it answered are no credentials." : metadata.said(),
                "Give the machine or container a role, or set store option \"credentials\" to "
                "\"env\" or \"file:/path\".");
}

} // namespace

S3CredentialSource::S3CredentialSource(const S3Options& options)
    : where_(options.credentials), profile_(options.profile) {}

S3CredentialSource::~S3CredentialSource() { Wipe(); }

void S3CredentialSource::Wipe() noexcept {
    if (!kept_) return;
    WipeString(kept_->secret_key);
    WipeString(kept_->session_token);
    kept_.reset();
}

void S3CredentialSource::Forget() noexcept { Wipe(); }

S3Credentials S3CredentialSource::Fetch(Interrupt& interrupt) const {
    if (where_ == "env") return FromEnvironment();
    if (where_ == "instance") return FromInstance(interrupt);
    return FromFile(where_, profile_, interrupt);
}

// Those that are still good stay until there are others.
void S3CredentialSource::Refresh(Interrupt& interrupt) {
    const Instant now = Now();
    if (now < next_look_) return;
    next_look_ = now + kLookAgainAfter;
    try {
        S3Credentials fresh = Fetch(interrupt);
        Wipe();
        kept_ = std::make_unique<S3Credentials>(std::move(fresh));
    } catch (const Error& error) {
        if (error.code() != Errc::KeyMissing || *kept_->expires <= now) throw;
    }
}

const S3Credentials& S3CredentialSource::Get(Interrupt& interrupt) {
    if (!kept_)
        kept_ = std::make_unique<S3Credentials>(Fetch(interrupt));
    else if (kept_->expires && *kept_->expires < Now() + kRefreshBefore)
        Refresh(interrupt);
    return *kept_;
}

std::optional<S3Credentials> ParseCredentialsFile(std::string_view text, std::string_view profile) {
    S3Credentials found;
    bool ours = false;
    for (size_t at = 0; at < text.size();) {
        const size_t end = std::min(text.find('\n', at), text.size());
        const std::string_view line = Trimmed(text.substr(at, end - at));
        at = end + 1;
        if (line.empty() || line.front() == '#' || line.front() == ';') continue;
        if (line.front() == '[') {
            ours = line.back() == ']' && Trimmed(line.substr(1, line.size() - 2)) == profile;
            continue;
        }
        const size_t equals = line.find('=');
        if (!ours || equals == std::string_view::npos) continue;
        const std::string_view name = Trimmed(line.substr(0, equals));
        const std::string_view value = Trimmed(line.substr(equals + 1));
        if (name == "aws_access_key_id") found.access_key = value;
        if (name == "aws_secret_access_key") found.secret_key = value;
        if (name == "aws_session_token") found.session_token = value;
    }
    if (found.access_key.empty() || found.secret_key.empty()) return std::nullopt;
    return found;
}

std::optional<S3Credentials> ParseInstanceCredentials(std::string_view text) {
    const auto json = nlohmann::json::parse(text, nullptr, false);
    if (!json.is_object()) return std::nullopt;
    const auto get = [&json](const char* name) {
        const auto found = json.find(name);
        return found != json.end() && found->is_string() ? found->get<std::string>()
                                                         : std::string();
    };
    S3Credentials found{get("AccessKeyId"), get("SecretAccessKey"), get("Token"),
                        ParseUtc(get("Expiration"))};
    if (found.access_key.empty() || found.secret_key.empty()) return std::nullopt;
    return found;
}

} // namespace lifeboat
