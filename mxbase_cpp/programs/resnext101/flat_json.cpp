#include "flat_json.h"

#include <cctype>
#include <limits>
#include <stdexcept>

namespace program {
namespace {
using mxclassify::ConfigEntries;
using mxclassify::ConfigEntry;

class Reader {
public:
    explicit Reader(const std::string &text) : text_(text) {}

    ConfigEntries Object() {
        ConfigEntries values;
        Expect('{');
        if (!Skip('}')) {
            do {
                std::string key = Text();
                Expect(':');
                if (!values.emplace(std::move(key), Value()).second) Refuse("a key comes twice");
            } while (Skip(','));
            Expect('}');
        }
        Blanks();
        if (at_ != text_.size()) Refuse("something follows it");
        return values;
    }

private:
    [[noreturn]] void Refuse(const std::string &why) const {
        throw std::invalid_argument("the configuration is not a flat JSON object: " + why + " at byte " + std::to_string(at_));
    }

    char Next() const { return at_ < text_.size() ? text_[at_] : '\0'; }

    void Blanks() {
        while (at_ < text_.size() && std::string(" \t\r\n").find(text_[at_]) != std::string::npos) ++at_;
    }

    bool Skip(char wanted) {
        Blanks();
        if (Next() != wanted) return false;
        ++at_;
        return true;
    }

    void Expect(char wanted) {
        if (!Skip(wanted)) Refuse(std::string("a '") + wanted + "' is missing");
    }

    bool SkipWord(const std::string &word) {
        if (text_.compare(at_, word.size(), word) != 0) return false;
        at_ += word.size();
        return true;
    }

    ConfigEntry Value() {
        Blanks();
        if (Next() == '"') return Text();
        if (SkipWord("true")) return true;
        if (SkipWord("false")) return false;
        return Number();
    }

    int64_t Number() {
        const bool negative = Next() == '-';
        if (negative) ++at_;
        if (!std::isdigit(static_cast<unsigned char>(Next()))) Refuse("neither a text nor a whole number nor a truth is");
        int64_t number = 0;
        for (; std::isdigit(static_cast<unsigned char>(Next())); ++at_) {
            const int digit = Next() - '0';
            if (number > (std::numeric_limits<int64_t>::max() - digit) / 10) Refuse("a number is too large");
            number = number * 10 + digit;
        }
        return negative ? -number : number;
    }

    std::string Text() {
        Expect('"');
        std::string found;
        for (; at_ < text_.size() && text_[at_] != '"'; ++at_) {
            if (static_cast<unsigned char>(text_[at_]) < ' ') Refuse("a control character is");
            if (text_[at_] == '\\') {
                ++at_;
                AppendEscaped(found);
            } else {
                found += text_[at_];
            }
        }
        Expect('"');
        return found;
    }

    // Leaves at_ on the last byte of the escape.
    void AppendEscaped(std::string &found) {
        static const std::string names = "\"\\/bfnrt", meanings = "\"\\/\b\f\n\r\t";
        const size_t place = names.find(Next());
        if (place != std::string::npos && Next() != '\0') {
            found += meanings[place];
        } else if (Next() == 'u') {
            uint32_t code = Unit();
            if (code >= 0xd800 && code < 0xdc00) {
                if (!SkipWord("\\")) Refuse("half a character is");
                const uint32_t low = Unit();
                if (low < 0xdc00 || low > 0xdfff) Refuse("half a character is");
                code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
            } else if (code >= 0xdc00 && code < 0xe000) {
                Refuse("half a character is");
            }
            --at_;
            AppendUtf8(found, code);
        } else {
            Refuse("an unknown escape is");
        }
    }

    // Reads "uXXXX" at at_; leaves at_ after it.
    uint32_t Unit() {
        if (!SkipWord("u")) Refuse("half a character is");
        uint32_t unit = 0;
        for (int digit = 0; digit < 4; ++digit, ++at_) {
            const char hex = Next();
            if (!std::isxdigit(static_cast<unsigned char>(hex))) Refuse("an unknown escape is");
            unit = unit * 16 + static_cast<uint32_t>(std::stoi(std::string(1, hex), nullptr, 16));
        }
        return unit;
    }

    static void AppendUtf8(std::string &found, uint32_t code) {
        const auto tail = [code](int shift) { return static_cast<char>(0x80 | ((code >> shift) & 0x3f)); };
        if (code < 0x80) {
            found += static_cast<char>(code);
        } else if (code < 0x800) {
            (found += static_cast<char>(0xc0 | (code >> 6))) += tail(0);
        } else if (code < 0x10000) {
            ((found += static_cast<char>(0xe0 | (code >> 12))) += tail(6)) += tail(0);
        } else {
            (((found += static_cast<char>(0xf0 | (code >> 18))) += tail(12)) += tail(6)) += tail(0);
        }
    }

    const std::string &text_;
    size_t at_ = 0;
};
}  // namespace

ConfigEntries ParseFlatJson(const std::string &text) { return Reader(text).Object(); }
}  // namespace program
