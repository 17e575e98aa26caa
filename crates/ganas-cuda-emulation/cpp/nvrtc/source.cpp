// A reader of tokens, and the translation with it.

#include "source.h"

#include <algorithm>
#include <cctype>

namespace emulation {

namespace {

struct Token {
  enum class Kind { word, string, symbol, end } kind;
  std::string_view text;
  std::size_t start;
  std::size_t end() const { return start + text.size(); }
  bool is(std::string_view other) const { return kind != Kind::end && text == other; }
};

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '$'; }

// The tokens of preprocessed text: there are no comments, and lines that begin with # are for the compiler.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  Token next() {
    skip_blanks();
    std::size_t start = position_;
    if (start == text_.size()) return {Token::Kind::end, {}, start};
    char first = text_[start];
    if (first == '"' || first == '\'') {
      skip_quoted(first);
      return token(Token::Kind::string, start);
    }
    if (!is_word(first)) {
      ++position_;
      return token(Token::Kind::symbol, start);
    }
    while (position_ < text_.size() && is_word(text_[position_])) ++position_;
    if (is_raw_prefix(text_.substr(start, position_ - start)) && position_ < text_.size() && text_[position_] == '"') {
      skip_raw();
      return token(Token::Kind::string, start);
    }
    // In a number such as 1'000 the quote begins no character.
    while (std::isdigit(static_cast<unsigned char>(first)) && position_ + 1 < text_.size() && text_[position_] == '\'' &&
           is_word(text_[position_ + 1])) {
      ++position_;
      while (position_ < text_.size() && is_word(text_[position_])) ++position_;
    }
    return token(Token::Kind::word, start);
  }

 private:
  Token token(Token::Kind kind, std::size_t start) const { return {kind, text_.substr(start, position_ - start), start}; }

  static bool is_raw_prefix(std::string_view word) {
    return word == "R" || word == "u8R" || word == "uR" || word == "UR" || word == "LR";
  }

  void skip_blanks() {
    for (; position_ < text_.size(); ++position_) {
      char c = text_[position_];
      bool begins_line = position_ == 0 || text_[position_ - 1] == '\n';
      if (begins_line && c == '#') {
        position_ = std::min(text_.find('\n', position_), text_.size());
        if (position_ == text_.size()) return;
      } else if (!std::isspace(static_cast<unsigned char>(c))) {
        return;
      }
    }
  }

  void skip_quoted(char quote) {
    for (++position_; position_ < text_.size() && text_[position_] != quote; ++position_) {
      if (text_[position_] == '\\') ++position_;
    }
    position_ = std::min(position_ + 1, text_.size());
  }

  void skip_raw() {
    std::size_t bracket = std::min(text_.find('(', position_), text_.size());
    std::string closing = ")" + std::string(text_.substr(position_ + 1, bracket - position_ - 1)) + "\"";
    std::size_t end = text_.find(closing, bracket);
    position_ = end == std::string_view::npos ? text_.size() : end + closing.size();
  }

  std::string_view text_;
  std::size_t position_ = 0;
};

class Translation {
 public:
  explicit Translation(std::string_view text) : text_(text) {
    Reader reader(text);
    do tokens_.push_back(reader.next());
    while (tokens_.back().kind != Token::Kind::end);
  }

  HostSource run() {
    for (std::size_t i = 0; tokens_[i].kind != Token::Kind::end; i = handle(i)) {
    }
    copy_to(text_.size());
    return std::move(result_);
  }

 private:
  // Handles the token at a position; returns the position of the next.
  std::size_t handle(std::size_t i) {
    const Token& token = tokens_[i];
    if (token.is("extern") && tokens_[i + 1].is("\"C\"")) {
      if (tokens_[i + 2].is("{")) {
        scopes_.push_back(true);
        begin_declaration();
        return i + 3;
      }
      declared_extern_c_ = true;
      return i + 2;
    }
    if (token.is("{")) scopes_.push_back(false);
    if (token.is("}") && !scopes_.empty()) scopes_.pop_back();
    if (token.is("{") || token.is("}") || token.is(";")) {
      begin_declaration();
      return i + 1;
    }
    if (token.is("__global__")) {
      is_kernel_ = true;
      replace(token.start, token.end(), "");
      return i + 1;
    }
    if (token.is("__launch_bounds__")) return launch_bounds(i);
    if (token.is("__shared__")) return shared(i);
    if (is_kernel_ && token.is("(")) {
      found_kernel(tokens_[i - 1]);
      is_kernel_ = false;
    }
    return i + 1;
  }

  void begin_declaration() {
    declared_extern_c_ = is_kernel_ = false;
    max_threads_.clear();
  }

  std::size_t launch_bounds(std::size_t i) {
    std::size_t depth = 0, end = i + 1, comma = 0;
    for (; tokens_[end].kind != Token::Kind::end; ++end) {
      if (tokens_[end].is("(")) ++depth;
      if (tokens_[end].is(")") && --depth == 0) break;
      if (tokens_[end].is(",") && depth == 1 && comma == 0) comma = end;
    }
    if (tokens_[end].kind == Token::Kind::end || !tokens_[i + 1].is("(")) return i + 1;
    std::size_t first_end = tokens_[comma ? comma : end].start;
    max_threads_ = text_.substr(tokens_[i + 1].end(), first_end - tokens_[i + 1].end());
    replace(tokens_[i].start, tokens_[end].end(), "");
    return end + 1;
  }

  void found_kernel(const Token& name) {
    bool extern_c = declared_extern_c_ || std::find(scopes_.begin(), scopes_.end(), true) != scopes_.end();
    auto same = [&](const FoundKernel& kernel) { return kernel.name == name.text; };
    auto& kernels = result_.kernels;
    if (!extern_c || name.kind != Token::Kind::word) return;
    auto known = std::find_if(kernels.begin(), kernels.end(), same);
    // The bounds may stand at the declaration or at the definition.
    if (known == kernels.end()) kernels.push_back({std::string(name.text), max_threads_});
    else if (known->max_threads.empty()) known->max_threads = max_threads_;
  }

  std::size_t shared(std::size_t i) {
    if (i == 0 || !tokens_[i - 1].is("extern")) {
      replace(tokens_[i].start, tokens_[i].end(), "thread_local");
      return i + 1;
    }
    // extern __shared__ TYPE NAME[];
    std::size_t semicolon = i;
    while (tokens_[semicolon].kind != Token::Kind::end && !tokens_[semicolon].is(";")) ++semicolon;
    std::size_t first = skip_attribute(i + 1);
    std::size_t from = tokens_[i - 1].start, to = tokens_[semicolon].start;
    bool has_brackets = semicolon >= first + 4 && tokens_[semicolon - 1].is("]") && tokens_[semicolon - 2].is("[");
    if (!has_brackets || tokens_[semicolon - 3].kind != Token::Kind::word) {
      replace(from, to, "static_assert(false, \"dynamic shared memory is emulated in this form only: extern __shared__ TYPE NAME[];\")");
    } else if (std::find(scopes_.begin(), scopes_.end(), false) == scopes_.end()) {
      replace(from, to, "static_assert(false, \"dynamic shared memory is emulated inside of functions only: declare it in the kernel\")");
    } else {
      const Token& name = tokens_[semicolon - 3];
      std::string type(text_.substr(tokens_[first].start, name.start - tokens_[first].start));
      std::replace(type.begin(), type.end(), '\n', ' ');
      replace(from, to, type + "* const " + std::string(name.text) + " = static_cast<" + type +
                            "*>(ganas_emulation::runtime->dynamic_shared())");
    }
    return semicolon;
  }

  // The position after `__attribute__((...))`, if there is one.
  std::size_t skip_attribute(std::size_t i) {
    if (!tokens_[i].is("__attribute__")) return i;
    std::size_t depth = 0;
    for (++i; tokens_[i].kind != Token::Kind::end; ++i) {
      if (tokens_[i].is("(")) ++depth;
      if (tokens_[i].is(")") && --depth == 0) return i + 1;
    }
    return i;
  }

  void copy_to(std::size_t end) {
    result_.text += text_.substr(copied_, end - copied_);
    copied_ = end;
  }

  // Puts other text in the place of a range, with as many ends of lines.
  void replace(std::size_t from, std::size_t to, std::string_view with) {
    // What is replaced may begin before a token that is copied already only in `extern __shared__`, never twice.
    copy_to(from);
    result_.text += with;
    auto lines = std::count(text_.begin() + static_cast<std::ptrdiff_t>(from), text_.begin() + static_cast<std::ptrdiff_t>(to), '\n');
    result_.text.append(static_cast<std::size_t>(lines), '\n');
    copied_ = to;
  }

  std::string_view text_;
  std::vector<Token> tokens_;
  std::size_t copied_ = 0;
  // For each open brace, whether it is that of `extern "C" {`.
  std::vector<bool> scopes_;
  bool declared_extern_c_ = false;
  bool is_kernel_ = false;
  std::string max_threads_;
  HostSource result_;
};

}  // namespace

HostSource translate(std::string_view preprocessed) { return Translation(preprocessed).run(); }

std::string descriptions(const std::vector<FoundKernel>& kernels) {
  std::string text = "\n# 1 \"kernel descriptions\"\nnamespace ganas_emulation {\nnamespace {\n";
  std::string list;
  for (std::size_t i = 0; i < kernels.size(); ++i) {
    const auto& kernel = kernels[i];
    std::string variable = "kernel_" + std::to_string(i);
    std::string max_threads = kernel.max_threads.empty() ? "1024" : "unsigned(" + kernel.max_threads + ")";
    text += "constexpr Kernel " + variable + " = describe<&::" + kernel.name + ">(\"" + kernel.name + "\", " + max_threads + ");\n";
    list += "&" + variable + ", ";
  }
  text += "const Kernel* const kernels[] = {" + list + "nullptr};\n";
  text += "const Module module_table = {interface_version, " + std::to_string(kernels.size()) +
          ", kernels, registers_of_this_thread, &runtime};\n}\n}\n";
  text += "extern \"C\" __attribute__((visibility(\"default\"))) const ganas_emulation::Module* ganas_emulation_module() "
          "{ return &ganas_emulation::module_table; }\n";
  return text;
}

}  // namespace emulation
