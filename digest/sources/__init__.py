"""Where papers are announced: every module names one place's URLs and reads its bytes.

Nothing here fetches; everything read is a stranger's text and treated as hostile. A body that is
no listing is a SourceFormatError; a record that cannot be read is a Problem of its Listing.
"""
