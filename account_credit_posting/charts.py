"""Where a company's ledger accounts belong, by chart of accounts.

A new account gets the first free number after one that the chart has for the same
purpose, and what Odoo's reports know that one by: its type and its tags. Names are
those of Odoo's own charts (``l10n_*/data/template/account.account-*.csv``), by external
id; the comment says how the country's chart, or law, calls the place.
"""

from typing import NamedTuple


class Place(NamedTuple):
    """After which account of a chart a new one is numbered."""

    #: Of the account that is like it.
    xml_id: str
    #: The number to begin with, where the group is known but empty in Odoo's chart.
    code: str | None = None


class Places(NamedTuple):
    """The places of one chart."""

    #: Money of customers that is not earned yet, a liability.
    advances: Place
    #: What lowers the revenue.
    discounts: Place
    #: Income beside the revenue: of what expires.
    breakage: Place


#: ``{chart: Places}``. A chart that builds on another one has those of that one.
PLACES = {
    # --- America -----------------------------------------------------------------
    "generic_coa": Places(
        Place("deferred_revenue"),  # 2120 Deferred Revenue
        Place("income"),  # 4000 Product Sales, which a contra account follows
        Place("other_income"),  # 4500 Other Income
    ),
    "us": Places(
        # US GAAP, ASC 606-10-45-2: a contract liability
        Place("account_account_us_deferred_revenue"),  # 2120 Deferred Revenue
        Place("account_account_us_income"),  # 4000 Product Sales
        Place("account_account_us_other_income"),  # 4500 Other Income
    ),
    "ca_2023": Places(
        # Statistics Canada, NAICS chart of accounts: no line of its own for advances
        Place("l10n_ca_298000"),  # 2980 All Other Current Liabilities
        Place("l10n_ca_522200"),  # 5222 Discounts Given
        Place("l10n_ca_413300"),  # 4133 All Other Operating Revenue
    ),
    "mx": Places(
        # SAT, Código agrupador (Anexo 24)
        Place("cuenta206_05_01"),  # 206.05 Otros anticipos de clientes
        Place("cuenta402_01"),  # 402.01 Devoluciones, descuentos o bonificaciones
        Place("cuenta401_01", "403.01.01"),  # 403.01 Otros ingresos
    ),
    "br": Places(
        # Receita Federal, Plano de Contas Referencial (ECF, L100A and L300A)
        Place("account_template_201010501"),  # 2.01.01.05 Adiantamentos de Clientes
        Place("account_template_30101010202"),  # 3.01.01.01.02.02 Descontos
        # 3.01.01.05.01.99 Outras Receitas Operacionais has no number after it
        Place("account_template_30101050199", "3.01.01.05.01.50"),
    ),
    "ar_base": Places(
        # FACPCE, RT 9: Deudas Comerciales; Ingresos por ventas; Otros ingresos
        Place("base_anticipos_de_clientes"),  # 2.1.1.01.040 Anticipos de clientes
        Place("base_venta_de_servicios"),  # 4.1.1.01.020 Venta de servicios
        Place("base_recupero_de_gastos"),  # 4.3.1.01.020 Recupero de gastos
    ),
    "cl": Places(
        Place("account_210220"),  # 210220 Anticipo de Clientes
        Place("account_310120"),  # 310120 Ventas de Servicios
        Place("account_320275"),  # 320275 Otros Ingresos
    ),
    "co": Places(
        # Decreto 2650 de 1993, Plan Único de Cuentas
        Place("co_puc_280500"),  # 2805 Anticipos y avances recibidos
        Place("co_puc_417500"),  # 4175 Devoluciones, rebajas y descuentos en ventas
        Place("co_puc_429500"),  # 4295 Diversos
    ),
    "pe": Places(
        # PCGE 2019. 122 Anticipos de clientes is a receivable in Odoo's chart
        Place("chart496"),  # 496 Ingresos diferidos
        Place("chart7411"),  # 741 Descuentos, rebajas y bonificaciones concedidos
        Place("chart7599"),  # 759 Otros ingresos de gestión
    ),
    "uy": Places(
        Place("uy_code_21301"),  # 21301 Cobros Anticipados
        Place("uy_code_5303"),  # 5303 Descuentos Concedidos
        Place("uy_code_4201"),  # 42 Ventas extraordinarias
    ),
    # --- Europe ------------------------------------------------------------------
    "fr": Places(
        # Plan comptable général (ANC 2014-03, art. 944-41, 947-70 and 947-75)
        Place("pcg_4191"),  # 4191 Clients, avances et acomptes reçus sur commandes
        Place("pcg_7096"),  # 709 Rabais, remises et ristournes accordés
        Place("pcg_758"),  # 758 Produits divers de gestion courante
    ),
    "de_skr03": Places(
        # DATEV SKR 03; the tags are HGB § 266 (3) C.3, § 275 (2) 1 and 4
        Place("account_1710"),  # 1710 Erhaltene Anzahlungen
        Place("account_8700"),  # 8700 Erlösschmälerungen
        Place("account_2705"),  # 2705 Sonstige betriebliche Erträge, regelmäßig
    ),
    "de_skr04": Places(
        # DATEV SKR 04, tags as above
        Place("chart_skr04_3250"),  # 3250 Erhaltene Anzahlungen
        Place("chart_skr04_4700"),  # 4700 Erlösschmälerungen
        Place("chart_skr04_4830"),  # 4830 Sonstige betriebliche Erträge
    ),
    "be": Places(
        # PCMN/MAR, arrêté royal du 21 octobre 2018
        Place("a46"),  # 46 Acomptes sur commandes
        Place("a708"),  # 708 Remises, ristournes et rabais accordés
        Place("a743"),  # 743 Produits d'exploitation divers
    ),
    "nl": Places(
        Place("1405"),  # 1405 Vooruit gefactureerde bedragen
        Place("8065"),  # 8065 Betalingskorting debiteuren
        Place("8090"),  # 8090 Diverse overige opbrengsten
    ),
    "es_common": Places(
        # Plan General de Contabilidad, Real Decreto 1514/2007, tercera parte
        Place("account_common_438"),  # 438 Anticipos de clientes
        Place("account_common_7090"),  # 709 «Rappels» sobre ventas
        Place("account_common_759"),  # 759 Ingresos por servicios diversos
    ),
    "it": Places(
        # Codice civile, art. 2424 passivo D.6; art. 2425 A.1 and A.5
        Place("2530"),  # 2530 Acconti dei clienti
        Place("3111"),  # 3111 Ribassi e abbuoni passivi
        Place("3202"),  # 3202 Proventi vari
    ),
    "pt": Places(
        # SNC, Portaria 218/2015. 218 is a receivable in Odoo's chart
        Place("chart_276"),  # 276 Adiantamentos por conta de vendas
        Place("chart_728"),  # 728 Descontos e abatimentos
        Place("chart_7816"),  # 7816 Outros rendimentos suplementares
    ),
    "ch": Places(
        # Kontenrahmen KMU
        Place("ch_coa_2030"),  # 2030 Erhaltene Anzahlungen
        Place("ch_coa_3801"),  # 3801 Rabatte und Preisnachlässe
        Place("ch_coa_3600"),  # 3600 Übrige Erlöse
    ),
    "at": Places(
        # Einheitskontenrahmen (KFS/BW 6); tag PCIII: UGB § 224 (3) C.3
        Place("chart_at_template_3202"),  # 3202 Erhaltene Anzahlungen 0 %
        Place("chart_at_template_4000", "4400"),  # 44 Erlösschmälerungen
        Place("chart_at_template_4860"),  # 48 Übrige betriebliche Erträge
    ),
    "se": Places(
        # BAS
        Place("a2420"),  # 242 Förskott från kunder
        Place("a3730"),  # 373 Lämnade rabatter
        Place("a3900"),  # 39 Övriga rörelseintäkter
    ),
    "dk": Places(
        # Erhvervsstyrelsens fælles offentlige standardkontoplan; the tags are its lines
        Place("dk_coa_7410"),  # 7410 Modtagne forudbetalinger fra kunder
        Place("dk_coa_1210"),  # 1210 Salgsrabatter
        Place("dk_coa_1550"),  # 1550 Øvrige andre driftsindtægter
    ),
    "no": Places(
        # NS 4102
        Place("chart2900"),  # 2900 Forskudd fra kunder
        Place("chart3281"),  # 328 Rabatt, unntatt avgiftsplikt
        Place("chart3900"),  # 3900 Annen driftsrelatert inntekt
    ),
    "fi": Places(
        Place("account_2861"),  # 2861 Saadut ennakot
        Place("account_3500"),  # 3500 Myynnin alennukset
        Place("account_3990"),  # 3990 Muut liiketoiminnan muut tuotot
    ),
    "pl": Places(
        # Ustawa o rachunkowości, załącznik nr 1: pasywa B.III.3.e; przychody A and D
        Place("chart20000300"),  # 20-0003 Zaliczki od klientów
        Place("chart70000300"),  # 70 Sprzedaż usług na kraj
        Place("chart76000900"),  # 76-0009 Inne pozostałe przychody operacyjne
    ),
    "ro": Places(
        # OMFP 1802/2014
        Place("pcg_4191"),  # 419 Clienți - creditori
        Place("pcg_709"),  # 709 Reduceri comerciale acordate
        Place("pcg_7588"),  # 7588 Alte venituri din exploatare
    ),
    "uk": Places(
        # FRS 102: accruals and deferred income, which Odoo defers revenue to
        Place("210900"),  # 2109 Accruals
        Place("400000"),  # 4000 Sales, which a contra account follows
        Place("490000"),  # 49 Other income
    ),
    # --- Asia and Oceania --------------------------------------------------------
    "in": Places(
        # Companies Act 2013, Schedule III: other current liabilities, (f)
        Place("p10085"),  # 10085 Deferred Income, which Odoo defers revenue to
        Place("p20021"),  # 20021 Local Services
        Place("2012"),  # 2012 Write off Income
    ),
    "jp": Places(
        Place("l10n_jp_330400"),  # 3304 前受金
        Place("l10n_jp_410000"),  # 4100 売上高, less 売上値引
        Place("l10n_jp_426000"),  # 4260 雑収入
    ),
    "sa": Places(
        # IFRS 15.105: a contract liability, which Odoo defers revenue to
        Place("sa_account_201018"),  # 201018 Deferred income
        Place("sa_account_500001"),  # 5000 Sales Account
        Place("sa_account_500013"),  # 500013 Other Income
    ),
    "ae": Places(
        # As above
        Place("uae_account_201018"),  # 201018 Deferred income
        Place("uae_account_500001"),  # 5000 Sales Account
        Place("uae_account_500013"),  # 500013 Other Income
    ),
    "sg": Places(
        Place("account_account_768"),  # 201150 Accruals and Deferred Income
        Place("account_account_800"),  # 300001 Discounts/Refunds Given
        Place("account_account_811"),  # 301005 Other Miscellaneous Revenue
    ),
    "au": Places(
        Place("au_21600"),  # 2-1600 Customer Deposits
        Place("au_61610"),  # 6-1610 Discounts Given
        Place("au_46000"),  # 4-6000 Miscellaneous Income
    ),
    "nz": Places(
        Place("nz_21600"),  # 2-1600 Customer Deposits
        Place("nz_61610"),  # 6-1610 Discounts Given
        Place("nz_46000"),  # 4-6000 Miscellaneous Income
    ),
}
