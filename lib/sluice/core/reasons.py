"""All reasons why part of the input is missing from the output, with their meanings.

Filter rules are an exception: for a document that a rule drops, the reason is the rule's name, chosen by the user.
"""

from enum import StrEnum


class Reason(StrEnum):
    """A reason as it appears in tables, counts and reports; `meaning` explains it in one line."""

    meaning: str

    def __new__(cls, name: str, meaning: str) -> "Reason":
        member = str.__new__(cls, name)
        member._value_ = name
        member.meaning = meaning
        return member

    # bytes of an archive, in kind=quarantine of extract/docs
    TRUNCATED = "truncated", "the archive ends in the middle of a record"
    BAD_MEMBER = "bad_member", "a compressed member is damaged"
    ZIP_BOMB = "zip_bomb", "a compressed member is too large when decompressed"
    GAP = "gap", "bytes between two records that belong to neither"
    HEADER = "header", "a record header has no end"
    CONTENT_LENGTH = "content_length", "the Content-Length of a record does not match its bytes"
    DIGEST = "digest", "the digest in a record header does not match its bytes"
    NO_RECORD = "no_record", "no record begins at the offset that the index names"
    UNREADABLE = "unreadable", "a file, or a line of a table, could not be read"
    UNSUPPORTED_FORMAT = "unsupported_format", "not a WARC or ARC file"
    EMPTY_FILE = "empty_file", "the file has no bytes"
    QUARANTINED = "quarantined", "bytes of an archive that contain no readable record"

    # records of an archive
    NOT_RESPONSE = "not_response", "requests, metadata and other records that are neither a response nor a resource"
    NOT_HTML = "not_html", "responses and resources whose type is not HTML, and whose bytes are not either"
    OFFICE_FILE = "office_file", "sent as HTML or without a type, but PDF, RTF, PostScript, an office or zip file"
    BINARY_FILE = "binary_file", "sent as HTML or without a type, but an image, sound, film, font, archive or program"
    XML_FILE = "xml_file", "sent as HTML or without a type, but a feed, a sitemap or other XML"
    DATA_FILE = "data_file", "sent as HTML or without a type, but JSON, CSV, a calendar, an e-mail or subtitles"
    SCRIPT_FILE = "script_file", "sent as HTML or without a type, but JavaScript, CSS or a shell script"
    NOT_SELECTED = "not_selected", "records that plan.selection does not select"
    WAT = "wat", "metadata records of a WAT file, which contain no text"
    REPEATED = "repeated", "duplicate index rows for a record; lines kept in a better document"

    # pages
    HTTP_STATUS = "http_status", "the HTTP status is an error or a redirect"
    TOO_BIG = "too_big", "larger than extract.max_page_bytes"
    BLOCKED_URL = "blocked_url", "the URL is on the block list"
    URL_WORDS = "url_words", "unwanted words in the URL"
    BAD_ENCODING = "bad_encoding", "the body could not be decompressed or decoded"
    EXTRACT_ERROR = "extract_error", "the page could not be parsed"
    PAGE_CRASH = "page_crash", "the page crashed the parser"
    PAGE_TIMEOUT = "page_timeout", "the page took longer than extract.page_timeout_s"
    NO_TEXT = "no_text", "no main text was found"
    TOO_SHORT = "too_short", "less text than extract.min_chars"
    LANGUAGE = "language", "not in a wanted language, or not certain enough"

    # documents
    EXACT = "exact", "equal to a kept document, except case, width, invisible characters and Chinese script"
    NEAR = "near", "similar to a kept document or to a benchmark item"
    URL = "url", "another version of the same URL is kept"
    EMPTY = "empty", "a row of a table whose text is empty or white space"
    NULL_TEXT = "null_text", "a row of a table whose text is null"
    NGRAM = "ngram", "contains a benchmark item"
    NEAR_VALID = "near_valid", "a training document similar to one of the validation split"
    NEAR_TEST = "near_test", "a document similar to one of the test split"

    NOTHING_LEFT = "nothing_left", "every line was removed as repeated"
    BLANK = "blank", "empty lines between removed lines"

    # characters
    POLICY = "policy", "lines about copyright, privacy, cookies and terms"
    JAVASCRIPT = "javascript", "warnings that a page needs JavaScript"
    CITATION_MARKS = "citation_marks", "[12], [来源请求], and links for editing: [edit | edit source], 编辑播报"
    SOCIAL = "social", "counters and share buttons"
    SIGN_IN = "sign_in", "lines that only ask to sign in"
    READ_MORE = "read_more", "read more, 阅读全文"
    BYLINES = "bylines", "editor, counter, font size, print and close buttons: 责任编辑：… 阅读：… 次 【打印】"
    SHORTCODES = "shortcodes", "shortcodes of WordPress and its page builders: [vc_row]"
    SCRIPT_MESSAGES = "script_messages", "messages of scripts, players and loading pages: SEO SDK is disabled"
    ICONS = "icons", "names of icons that a font replaces by drawings: keyboard_arrow_down"
    CODE_BUTTONS = "code_buttons", "buttons that copy code: Copy code, 复制代码"
    PII = "pii", "the difference in length between masks and the personal data that they replace"
    MARKDOWN = "markdown", "signs of headings, lists, tables, emphasis and links, by which Markdown is longer than text"
    REPEATED_LINES = "repeated_lines", "lines repeated from another document or from the same one"

    # tokens
    TAIL_OF_TRAINING_SHARD = "tail_of_training_shard", "tokens at the end of a shard that do not fill a record"


MEANINGS = {reason.value: reason.meaning for reason in Reason}


def meaning_of(reason: str) -> str:
    """Returns the meaning of a reason; empty for the name of a rule."""
    return MEANINGS.get(reason, "")
