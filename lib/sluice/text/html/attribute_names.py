"""Class names and style declarations that decide how text is read, as hash tables for the attribute kernel.

Source: CSS Display 3, CSS Text 3 and the HTML standard's default style sheet for styles; for class names, the output of
highlighters (Pygments, Rouge, Hexo, Prism, highlight.js, SyntaxHighlighter, GitHub), forum software (Discuz), front-end
frameworks (Bootstrap, WordPress) and formula renderers (KaTeX, MathJax 2, MediaWiki, Zhihu).
"""

from sluice.text.html.hash_tables import flag_table

HIDES = 1 << 0
"""The element is not displayed. Only text in elements within a line is left out: a hidden block may be a collapsed
answer or a page that a script reveals, so for blocks this is a feature."""
BREAKS = 1 << 1
"""The element begins and ends a line whatever its name."""
ON_LINE = 1 << 2
"""The element is part of a line whatever its name."""
KEEPS_LINES = 1 << 3
"""White space is kept, as in <pre>."""
GUTTER = 1 << 4
"""The element has line numbers, if it has only digits."""
CODE = 1 << 5
"""The element has code in lines, as <pre> has."""
CONCEALED = 1 << 6
"""The element repeats or spoils text that is on the page, and is never text: copy buttons, interference codes, the
drawing of a formula whose source is there too, edit links."""
FORMULA = 1 << 7
"""The alternative text of this image is TeX."""
DRAWING = 1 << 8
"""A MathJax 2 drawing, if the element is a <span>: the class also names a container."""
SHADOW = 1 << 9
"""A <template> that browsers show."""
CONSENT = 1 << 10
"""The element is a consent banner."""

STYLE_KEYS, STYLE_FLAGS = flag_table(
    {
        HIDES: "display:none visibility:hidden opacity:0 font-size:0 font-size:0px font-size:0pt font-size:0em",
        BREAKS: "display:block display:flex display:grid display:list-item display:table display:flow-root",
        ON_LINE: "display:inline display:inline-block display:inline-flex display:contents",
        KEEPS_LINES: "white-space:pre white-space:pre-wrap white-space:pre-line white-space:break-spaces",
    }
)
CLASS_KEYS, CLASS_FLAGS = flag_table(
    {
        HIDES: "sr-only visually-hidden screen-reader-text screen-reader-only",
        GUTTER: "gutter linenos lineno linenodiv linenumber linenumbers line-number line-numbers line-numbers-rows "
        "blob-num rouge-gutter hljs-ln-numbers hljs-ln-n code-line-number ln lnt jxr_linenumber source-line-no "
        "linenum line-num line_number line_numbers lines-num diff-line-num linenr line-no",
        CODE: "blob-code blob-code-inner blockcode syntaxhighlighter dp-highlighter linenums",
        CONCEALED: "jammer mathjax_preview mathjax_svg mathjax_chtml katex-html copy-code copybtn btn-copy copy-btn "
        "copy-button clipboard-copy code-copy copycode btn-clipboard zeroclipboard-container hljs-copy "
        "copy-code-button mw-editsection edit-icon lemma-album",
        CONSENT: "onetrust-consent-sdk onetrust-banner-sdk onetrust-pc-sdk cybotcookiebotdialog cookie-banner "
        "cookie-consent cookie-notice cookiebanner cookieconsent cookie-bar cookie-law-info-bar cookie-policy-banner "
        "cookie-popup cookies-banner cookies-popup cookie-modal gdpr-banner gdpr-cookie-notice qc-cmp-container "
        "qc-cmp2-container qc-cmp-ui-container didomi-host didomi-popup didomi-notice truste_overlay "
        "truste_box_overlay cmplz-cookiebanner iubenda-cs-banner usercentrics-root osano-cm-window "
        "cky-consent-container "
        "moove_gdpr_cookie_info_bar sp_message_container eu-cookie-law cc-window cc-banner",
        FORMULA: "tex latex mathtex mwe-math-fallback-image-inline mwe-math-fallback-image-display",
        DRAWING: "mathjax",
    }
)
"""Class names without digits. Those of consent banners also count as ids."""
